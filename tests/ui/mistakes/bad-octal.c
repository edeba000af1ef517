// A typical mistake: bad octal.
int a = 089; //~ E0111
int f(void) { return a; }
