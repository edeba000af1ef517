// A typical mistake: bad hex.
int a = 0xzz; //~ E0111
int f(void) { return 0; }
