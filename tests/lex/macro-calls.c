// C11 6.10.3p4: the arguments of a macro call must match, and the call must end.
#define TWO(a, b) a b
#define SOME(a, ...) a __VA_ARGS__
#define NONE() 0
TWO(1) //~ E0109: macro `TWO` takes 2 arguments, not 1
TWO(1, 2, 3) //~ E0109: macro `TWO` takes 2 arguments, not 3
NONE(1) //~ E0109: macro `NONE` takes 0 arguments, not 1
SOME(1) SOME(1, 2) SOME() TWO(,) TWO((1, 2), 3) NONE( ) TWO
#define PASTE(a, b) a ## b
PASTE(+, x) //~ E0109: pasting `+` and `x` does not give a token
PASTE(a, 1) PASTE(, b) PASTE(-, >) PASTE(1, 2)
TWO(1, //~ E0109: unterminated call of macro `TWO`
//= tokens
//| 5:1 ErrorExpr
//| 6:1 ErrorExpr
//| 7:1 ErrorExpr
//| 8:6 Number 1
//| 8:14 Number 1
//| 8:17 Number 2
//| 8:38 Punctuator (
//| 8:39 Number 1
//| 8:40 Punctuator ,
//| 8:42 Number 2
//| 8:43 Punctuator )
//| 8:46 Number 3
//| 8:49 Number 0
//| 8:57 Ident TWO
//| 10:7 Punctuator +
//| 10:10 Ident x
//| 11:7 Ident a1
//| 11:21 Ident b
//| 11:30 Punctuator ->
//| 11:42 Number 12
//| 12:1 ErrorExpr
