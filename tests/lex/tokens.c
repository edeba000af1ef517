// C11 6.4: tokens, with splices, digraphs and comments between them.
a+++b->c<<=d...x <::> <% %> 0x1.8p+3 1..2 .5e-1L'x' u8"s" L'\'' "a\"b"
fo\
o$bar /* one
two */ z // end \
of comment
//= tokens
//| 2:1 Ident a
//| 2:2 Punctuator ++
//| 2:4 Punctuator +
//| 2:5 Ident b
//| 2:6 Punctuator ->
//| 2:8 Ident c
//| 2:9 Punctuator <<=
//| 2:12 Ident d
//| 2:13 Punctuator ...
//| 2:16 Ident x
//| 2:18 Punctuator <:
//| 2:20 Punctuator :>
//| 2:23 Punctuator <%
//| 2:26 Punctuator %>
//| 2:29 Number 0x1.8p+3
//| 2:38 Number 1..2
//| 2:43 Number .5e-1L
//| 2:49 Char 'x'
//| 2:53 Str u8"s"
//| 2:59 Char L'\''
//| 2:65 Str "a\"b"
//| 3:1 Ident foo$bar
//| 5:8 Ident z
