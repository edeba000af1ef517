// Naked functions: assembly that receives the arguments and returns by itself.
//@ gcc: none: this is assembly of BPF
#include "expect.h"

#define naked __attribute__((naked))

u64 global = 40;

static naked __attribute__((__noinline__, used)) u64 twice(u64 x)
{
	asm volatile("r0 = r1; r0 += r1; exit");
}

static naked __attribute__((__noinline__, used)) u64 called_by_name(u64 a, u64 b)
{
	asm volatile("				\
	r6 = r1;				\
	r1 = r2;				\
	call twice;				\
	r0 += r6;				\
	exit;					\
"	: : : "memory");
}

static naked __attribute__((__noinline__, used)) u64 by_operand(void)
{
	asm volatile("call %[f]; r1 = global ll; r2 = *(u64 *)(r1 + 0); r0 = r2; r0 += %[n]; exit"
		     : : [f] "i"(7), [n] "i"(sizeof(u32)) : "memory");
}

static naked __attribute__((__noinline__, used)) u64 stack(u64 x)
{
	asm volatile("*(u64 *)(r10 - 8) = r1; r1 = 3; r0 = *(u64 *)(r10 - 8);");
	asm volatile("r0 += r1; if r0 > 5 goto l%=; r0 = 0; l%=: exit" : : );
}

SEC("xdp") naked int test(void *ctx)
{
	asm volatile("					\
	r9 = r1;					\
	r1 = 21;					\
	call twice;					\
	if r0 != 42 goto wrong_%=;			\
	r1 = 2;						\
	r2 = 4;						\
	call called_by_name;				\
	if r0 != 10 goto wrong_%=;			\
	call by_operand;				\
	if r0 != 44 goto wrong_%=;			\
	r1 = 4;						\
	call stack;					\
	if r0 != 7 goto wrong_%=;			\
	call check;					\
	exit;						\
wrong_%=:						\
	r0 = 1;						\
	exit;						\
"	: : : "memory");
}

// A function that only assembly mentions.
static __attribute__((__noinline__, used)) int check(void)
{
	EXPECT(10, called_by_name(2, 4));
	EXPECT(44, by_operand());
	EXPECT(40, global);
	return 0;
}
//~ run == 0
