// Functions declared with `()`: arguments are promoted, a later definition says the rest.
#include "expect.h"

static int later();
static s64 wide();
static int first(int a, int b);
static int first();
int shared();

noinline int calls(void)
{
	s8 narrow = S8(-3);
	u8 byte = U8(200);
	struct {
		unsigned bits : 3;
	} field = { 5 };

	EXPECT(197, later(narrow, byte));
	EXPECT(2, later(narrow, field.bits));
	EXPECT(-6, wide((s64)narrow, 2));
	EXPECT(7, shared(7));
	EXPECT(12, first(4, 3));
	return 0;
}

noinline int later(int a, int b)
{
	return a + b;
}

noinline s64 wide(s64 a, int b)
{
	return a * b;
}

noinline int first(int a, int b)
{
	return a * b;
}

__attribute__((__noinline__)) int shared(int a)
{
	return a;
}

noinline int pointers(void)
{
	int (*plain)() = first;
	int (*same)(int, int) = plain;
	int (*any)(int a, int b) = 0;
	typedef int open();
	open *opened = later;

	any = 1 ? same : plain;
	EXPECT(6, plain(2, 3));
	EXPECT(6, (*same)(2, 3));
	EXPECT(6, any(2, 3));
	EXPECT(5, opened((s8)2, 3));
	EXPECT(1, _Generic(plain, int (*)(int, int): 1, default: 2));
	return 0;
}

SEC("socket") int test(void *ctx)
{
	int line;

	if ((line = calls()))
		return line;
	return pointers();
}
//~ run == 0
