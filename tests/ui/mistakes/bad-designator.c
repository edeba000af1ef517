// A typical mistake: bad designator.
struct s { int alpha; };
struct s v = { .alhpa = 1 }; //~ E0302
//~^ help: did you mean `alpha`?
int f(void) { return 0; }
