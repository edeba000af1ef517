// Characters that C does not know are reported once per word, literals without an end too.
int a = 1 @ 2;
        //^ E0102: unknown character
int café = 1;
  //^^^^ E0102: unknown character in `café`
char *s = “text”; //~ E0102
                //~^ help: plain `"` quotes
char *t = "no end;
        //^^^^^^^^ E0103: unterminated string
char u = 'x;
       //^^^ E0103: unterminated character constant
int b # 3;
    //^ E0102: stray `#` in program
#if 0
don't "mind
#endif
#define AT @
//= tokens
//| 2:1 Ident int
//| 2:5 Ident a
//| 2:7 Punctuator =
//| 2:9 Number 1
//| 2:13 Number 2
//| 2:14 Punctuator ;
//| 4:1 Ident int
//| 4:10 Punctuator =
//| 4:12 Number 1
//| 4:13 Punctuator ;
//| 6:1 Ident char
//| 6:6 Punctuator *
//| 6:7 Ident s
//| 6:9 Punctuator =
//| 6:17 Punctuator ;
//| 8:1 Ident char
//| 8:6 Punctuator *
//| 8:7 Ident t
//| 8:9 Punctuator =
//| 8:11 UnterminatedStr "no end;
//| 10:1 Ident char
//| 10:6 Ident u
//| 10:8 Punctuator =
//| 10:10 UnterminatedChar 'x;
//| 12:1 Ident int
//| 12:5 Ident b
//| 12:9 Number 3
//| 12:10 Punctuator ;
