// A typical mistake: redefined struct.
struct s { int a; };
struct s { int b; }; //~ E0308
int f(void) { return 0; }
