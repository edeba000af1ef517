// Inline assembly that GCC or bpfc accept, but not clang.
//@ cpu: v3 // halves of registers
//@ gcc: none: this is assembly of BPF
//@ clang: none: its assembler wants less
#include "expect.h"

static u32 words[4] = { 1, 2, 3, 4 };

SEC("xdp") int test(void *ctx)
{
	u64 n = U64(8);

	asm("%w0 = -1" : "=r"(n));
	EXPECT(0xffffffff, n);
	asm("%0 = (4 | 1) + ~(-3)" : "=r"(n));
	EXPECT(7, n);
	// Labels are those of their statement, also in copies of it.
	for (int i = 0; i < 2; i++)
		asm volatile("if %[n] < 50 goto out; %[n] += 50; out: %[n] += 1" : [n] "+r"(n));
	EXPECT(9, n);
	asm volatile("if %[n] < 5 goto out; %[n] += 50; out: %[n] += 1" : [n] "+r"(n));
	EXPECT(60, n);
	// clang forgets what is added.
	asm("%0 = %1 ll; %0 = *(u32 *)(%0 + 0)" : "=r"(n) : "i"(&words[1]), "m"(words));
	EXPECT(2, n);
	return 0;
}
//~ run == 0
