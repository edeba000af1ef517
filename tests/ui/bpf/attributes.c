// Attributes: an unknown one has no effect; a section's name must be a string.
static int f(void) __attribute__((always_inlin)); //~ W0303: the attribute `always_inlin` is unknown
static int f(void) { return 0; } //~^ help: did you mean `always_inline`?
int g __attribute__((section(1))); //~ E0311: the attribute `section` takes a string
int h __attribute__((aligned(3))); //~ E0311: an alignment is a power of two, found 3
int i(void) { return f(); }
