// A typical mistake: redefined func.
int g(int a) { return a; }
int g(int a) { return a; } //~ E0308
