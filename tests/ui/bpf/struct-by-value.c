// Structs by value do not come into functions that the kernel verifies by themselves.
struct pair { long a, b; };
__attribute__((noinline)) int f(struct pair p) { return p.a; }
                                          //^ E0410: `f` takes a struct by value and is global
__attribute__((noinline)) struct pair g(long a) { return (struct pair){ a, a }; }
                                    //^ E0410: `g` returns a struct by value and is global
__attribute__((noinline)) __int128 k(__int128 a) { return a; } //~ E0410: `k` passes a 128-bit integer
static struct pair h(struct pair p) { return p; }
static __attribute__((noinline)) struct pair n(struct pair p) { return p; }
long inlined(struct pair p) { return p.a; }
__attribute__((noinline)) long nobody_calls(struct pair p) { return p.a; }
__attribute__((noinline, visibility("hidden"))) long hidden(struct pair p) { return p.a; }
static __attribute__((noinline)) int six(struct pair a, struct pair b, struct pair c) { return a.a + b.a + c.a; }
//~^ E0402: the arguments of `six` take 6 registers
long i(long a)
{
	struct pair p = { a, 1 };
	return h(p).b + n(p).b + f(p) + g(a).a + inlined(p) + hidden(p) + k(a) + six(p, p, p);
}
__attribute__((section("xdp"))) int program(struct pair p) { return p.a; } //~ E0410: `program` takes a struct by value
