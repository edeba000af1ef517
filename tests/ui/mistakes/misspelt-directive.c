// A typical mistake: misspelt directive.
#inlcude <linux/bpf.h> //~ W0102
//~^ help: did you mean `#include`?
int f(void) { return 0; }
