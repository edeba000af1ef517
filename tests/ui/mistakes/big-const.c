// A typical mistake: big const.
int a = 99999999999999999999; //~ E0111
int f(void) { return a; }
