// Symbols with other names than their functions and variables.
#include "expect.h"

static u32 counter asm("events") = 3;
int first(int x) asm("renamed");
static int second(int x) asm("other");

__attribute__((__noinline__)) int first(int x)
{
	return second(x) + 1;
}

noinline int second(int x)
{
	counter += x;
	return counter;
}

SEC("socket") int test(void *ctx)
{
	EXPECT(8, first(S32(4)));
	EXPECT(7, counter);
	return 0;
}
//~ run == 0
