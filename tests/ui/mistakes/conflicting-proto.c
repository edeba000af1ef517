// A typical mistake: conflicting proto.
int g(int a);
long g(int a) { return a; } //~ E0308
