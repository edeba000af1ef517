// Inline assembly: operands, constraints, and what may stand in the text.
//@ cpu: v3 // halves of registers
//@ gcc: none: this is assembly of BPF
//@ endian: little
#include "expect.h"

static u64 global = 7;
static u32 words[4] = { 1, 2, 3, 4 };
static u64 (*const ktime)(void) = (void *)5;

struct insn {
	u8 code;
	u8 dst : 4;
	u8 src : 4;
	s16 off;
	s32 imm;
};

noinline int registers(void)
{
	u64 a = U64(5), b = U64(7), sum, both = 3;
	u32 low = U32(0xfffffff0);
	s32 minus = S32(-1);
	u8 byte;

	asm volatile("%0 = %1; %0 += %2" : "=&r"(sum) : "r"(a), "r"(b));
	EXPECT(12, sum);
	asm("%[x] *= %[y]" : [x] "+r"(both) : [y] "r"(a));
	EXPECT(15, both);
	asm("%0 += 1" : "=r"(sum) : "0"(a));
	EXPECT(6, sum);
	EXPECT(5, a);
	asm("%[out] += 2" : [out] "=r"(sum) : "[out]"(b));
	EXPECT(9, sum);
	// Numbers of 32 bits arrive with an upper half of zeros.
	asm("%0 = %1" : "=r"(sum) : "r"(low));
	EXPECT(0xfffffff0, sum);
	asm("%0 = %1" : "=r"(sum) : "r"(minus));
	EXPECT(0xffffffff, sum);
	asm("%0 = %1; %0 += 32" : "=&w"(low) : "w"(low));
	EXPECT(16, low);
	asm("%0 = 0x1ff" : "=r"(byte));
	EXPECT(0xff, byte);
	asm("" : "=r"(sum) : "0"(U64(77)));
	EXPECT(77, sum);
	asm("" : "+r"(a), "+r"(b));
	EXPECT(12, a + b);
	return 0;
}

noinline int many(void)
{
	u64 a = U64(1), b = U64(2), c = U64(3), d = U64(4), e = U64(5), f = U64(6), g = U64(7);
	u64 x, y, z;

	asm("%[x] = %[a]; %[x] += %[b]; %[x] += %[c]; %[x] += %[d]; %[x] += %[e]; %[x] += %[f];"
	    "%[x] += %[g]; %[y] = %[x]; %[y] *= 2; %[z] = %[y]; %[z] += %[a]"
	    : [x] "=&r"(x), [y] "=&r"(y), [z] "=&r"(z)
	    : [a] "r"(a), [b] "r"(b), [c] "r"(c), [d] "r"(d), [e] "r"(e), [f] "r"(f), [g] "r"(g));
	EXPECT(28, x);
	EXPECT(56, y);
	EXPECT(57, z);
	EXPECT(28, a + b + c + d + e + f + g);
	asm("%0 = %2; %1 = %3; %0 += %4; %1 += %5; %0 += %6; %1 += %7; %0 += %8"
	    : "=&r"(x), "=&r"(y)
	    : "r"(a), "r"(b), "r"(c), "r"(d), "r"(e), "r"(f), "r"(g) : "r0");
	EXPECT(16, x);
	EXPECT(12, y);
	return 0;
}

noinline int constants(void)
{
	u64 out, a = U64(100);

	asm("%0 = %1" : "=r"(out) : "i"(1234));
	EXPECT(1234, out);
	asm("%0 = %1" : "=r"(out) : "n"(-5));
	EXPECT(-5, out);
	// As for clang, narrow constants are signed.
	asm("%0 = %1" : "=r"(out) : "i"((u8)200));
	EXPECT(-56, out);
	asm("%0 = %1 ll" : "=r"(out) : "i"(0x123456789abcULL));
	EXPECT(0x123456789abc, out);
	asm("%0 = %n1; %0 += %c1" : "=r"(out) : "i"(8));
	EXPECT(0, out);
	asm("%0 = %1" : "=r"(out) : "ri"(42));
	EXPECT(42, out);
	asm("%0 = %1" : "=r"(out) : "ri"(a));
	EXPECT(100, out);
	asm("%0 = 2 + 3 * 4; %0 += 1 << 4 | 1" : "=r"(out));
	EXPECT(31, out);
	asm(".8byte %1; %0 = r2" : "=r"(out)
	    : "i"(*(long *)&(struct insn){ .code = 0xb7, .dst = 2, .imm = 77 }) : "r2");
	EXPECT(77, out);
	asm("call %[f]; %[out] = r0; %[out] |= 1"
	    : [out] "=r"(out) : [f] "i"(ktime) : "r0", "r1", "r2", "r3", "r4", "r5");
	EXPECT(1, out & 1);
	return 0;
}

always_inline u64 plus(u64 value, const int n)
{
	asm("%0 += %1" : "+r"(value) : "i"(n));
	return value;
}

// As `bpf_tail_call_static` of libbpf.
always_inline u64 only_constant(const u32 n)
{
	u64 out;

	if (!__builtin_constant_p(n))
		__builtin_trap();
	asm("%0 = %1" : "=r"(out) : "i"(n));
	return out;
}

noinline int inlined(void)
{
	EXPECT(9, only_constant(9));
	EXPECT(15, plus(U64(5), 10));
	EXPECT(4, plus(U64(5), -1));
	return 0;
}

noinline int memory(void)
{
	u64 local = U64(11), out;
	u64 *p = &global;
	struct {
		u32 a;
		u32 b;
	} pair = { U32(1), U32(2) };

	asm("%0 = *(u64 *)%1" : "=r"(out) : "m"(local));
	EXPECT(11, out);
	asm volatile("r1 = 99; *(u64 *)%0 = r1" : "=m"(local) : : "r1");
	EXPECT(99, local);
	asm volatile("r1 = *(u32 *)%0; r1 += 5; *(u32 *)%0 = r1" : "+m"(pair.b) : : "r1");
	EXPECT(7, pair.b);
	EXPECT(1, pair.a);
	asm volatile("lock *(u64 *)(%0 + 0) += %1" : : "r"(p), "r"(local) : "memory");
	EXPECT(106, global);
	asm("%0 = *(u64 *)%1" : "=r"(out) : "m"(*p));
	EXPECT(106, out);
	asm("%0 = %[words] ll; %0 = *(u32 *)(%0 + %[at])"
	    : "=r"(out) : [words] "i"(&words), [at] "i"(offset_of(struct { u32 x[9]; }, x[2])));
	EXPECT(3, out);
	asm("%0 = words + 12 ll; %0 = *(u32 *)(%0 + 0)" : "=r"(out) : "m"(words[0]));
	EXPECT(4, out);
	return 0;
}

noinline int fixed(void)
{
	register u64 a asm("r3") = U64(30);
	register u64 b asm("r4") = U64(40);
	register u64 result asm("r2");
	u64 frame;

	asm("r2 = r3; r2 -= r4" : "=r"(result) : "r"(a), "r"(b));
	EXPECT(-10, result);
	asm("r3 += 1" : "+r"(a));
	EXPECT(31, a);
	asm("%0 = r10; %0 -= r10" : "=r"(frame));
	EXPECT(0, frame);
	return 0;
}

noinline int clobbers(u64 a, u64 b, u64 c)
{
	u64 sum = a + b + c, kept = U64(9);

	asm volatile("r0 = 0; r1 = 0; r2 = 0; r3 = 0; r4 = 0; r5 = 0; r6 = 0; r7 = 0"
		     : : : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7");
	EXPECT(6, sum);
	EXPECT(6, a + b + c);
	asm volatile("r0 = %0; r1 = 5; r2 = %0" : "+r"(kept) : : "r0", "r1", "r2", "cc");
	EXPECT(9, kept);
	return 0;
}

noinline int text(void)
{
	u64 x = 3, n = 0;

	asm volatile("l%=: %[n] += %[x]      # a comment; not an instruction\n"
		     "\t%[x] -= 1            // another; one\n"
		     "if %[x] != 0 goto l%=; /* and; one */ %[n] += 100;"
		     : [n] "+r"(n), [x] "+r"(x));
	EXPECT(106, n);
	x = 3;
	asm volatile("1: %[n] += 1; %[x] -= 1; if %[x] s> 0 goto 1b;"
		     "if %[n] > 5 goto 1f; %[n] = 0; 1: %[n] += 1"
		     : [n] "+r"(n), [x] "+r"(x));
	EXPECT(110, n);
	asm("{%0 = 1|%0 = 2}; if %1 == 3 goto +1; %0 = 5; R1 = 7; %0 += r1" : "=&r"(n) : "r"(U64(3)) : "r1");
	EXPECT(8, n);
	asm("%0 = be16 %0; w1 = 1; %0 = -%0; %0 s>>= 1" : "=r"(n) : "0"(U64(0x1234)) : "r1");
	EXPECT(-0x1a09, n);
	return 0;
}

SEC("xdp") int test(void *ctx)
{
	int line;

	if ((line = registers()) || (line = many()) || (line = constants()) || (line = inlined()))
		return line;
	if ((line = memory()) || (line = fixed()) || (line = clobbers(1, 2, 3)))
		return line;
	return text();
}
//~ run == 0
