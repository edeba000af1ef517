// A typical mistake: param void name.
int f(void x) { return 0; } //~ E0303
