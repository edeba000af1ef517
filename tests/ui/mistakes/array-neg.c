// A typical mistake: array neg.
int a[-1]; //~ E0311
int f(void) { return 0; }
