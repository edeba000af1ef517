// A typical mistake: static assert.
_Static_assert(sizeof(int) == 8, "wide"); //~ E0316
int f(void) { return 0; }
