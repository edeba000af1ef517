// Numbers and pointers only cross a call that is not inlined.
struct pair { long a, b; };
__attribute__((noinline)) int f(struct pair p) { return p.a; }
                                          //^ E0410: `f` takes a struct by value
struct pair g(long a) { return (struct pair){ a, a }; } //~ E0410: `g` returns a struct by value
static struct pair h(struct pair p) { return p; }
long i(long a) { return h((struct pair){ a, 1 }).b; }
