// Pragmas switch warnings for a part of the source, in macros too.
//@ flags: -Wunused-value

#define QUIET(x) \
	_Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wunused-value\"") x; \
	_Pragma("GCC diagnostic pop")

void f(int a)
{
	a; //~ W0309
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused"
	a;
#pragma clang diagnostic error "-Wunused-value"
	a; //~ W0309
#pragma GCC diagnostic pop
	a; //~ W0309
	QUIET(a)
	a; //~ W0309
}

#pragma GCC diagnostic ignored "-Wint-conversion"
int *g(long a) { return a; }
