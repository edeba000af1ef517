// Characters that C does not know are reported once per word, literals without an end too.
int a = 1 @ 2;
        //^ E0102: unknown character
int café = 1;
int caf\u00e9\U0001d55a;
int ca×fé = 1; //~ E0102: unknown character in `ca×fé`
int \u0041 = 1; //~ E0102
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
//| 4:5 Ident café
//| 4:10 Punctuator =
//| 4:12 Number 1
//| 4:13 Punctuator ;
//| 5:1 Ident int
//| 5:5 Ident café𝕚
//| 5:24 Punctuator ;
//| 6:1 Ident int
//| 6:11 Punctuator =
//| 6:13 Number 1
//| 6:14 Punctuator ;
//| 7:1 Ident int
//| 7:12 Punctuator =
//| 7:14 Number 1
//| 7:15 Punctuator ;
//| 8:1 Ident char
//| 8:6 Punctuator *
//| 8:7 Ident s
//| 8:9 Punctuator =
//| 8:17 Punctuator ;
//| 10:1 Ident char
//| 10:6 Punctuator *
//| 10:7 Ident t
//| 10:9 Punctuator =
//| 10:11 UnterminatedStr "no end;
//| 12:1 Ident char
//| 12:6 Ident u
//| 12:8 Punctuator =
//| 12:10 UnterminatedChar 'x;
//| 14:1 Ident int
//| 14:5 Ident b
//| 14:9 Number 3
//| 14:10 Punctuator ;
