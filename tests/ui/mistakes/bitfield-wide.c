// A typical mistake: bitfield wide.
struct s { int a : 40; }; //~ E0311
int f(void) { return 0; }
