// A typical mistake: missing comma init.
int a[3] = { 1 2, 3 }; //~ E0201
int f(void) { return a[0]; }
