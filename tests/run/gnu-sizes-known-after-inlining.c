// Sizes that become constants when functions are inlined.
#include "expect.h"

struct key {
	u32 a, b;
	u8 name[16];
};

always_inline void copy(void *to, const void *from, unsigned long size)
{
	__builtin_memcpy(to, from, size);
}

static void fill(void *to, int byte, unsigned long size)
{
	__builtin_memset(to, byte, size);
}

always_inline void slide(void *to, const void *from, int n)
{
	__builtin_memmove(to, from, n * sizeof(u32));
}

SEC("xdp") int test(void *ctx)
{
	struct key key = { 1, U32(2), "abcdefg" }, other;
	const unsigned long half = sizeof(key) / 2;
	u32 words[6] = { 1, 2, 3, 4, U32(5), 6 };

	fill(&other, 0x11, sizeof(other));
	EXPECT(0x11111111, other.b);
	EXPECT(0x11, other.name[15]);
	copy(&other, &key, half);
	EXPECT(2, other.b);
	EXPECT('d', other.name[3]);
	EXPECT(0x11, other.name[4]);
	copy(&other, &key, sizeof(other));
	EXPECT('g', other.name[6]);
	EXPECT(0, other.name[15]);
	copy(&other, &key, 0);
	slide(words + 1, words, 5);
	EXPECT(1, words[0]);
	EXPECT(1, words[1]);
	EXPECT(5, words[5]);
	return 0;
}
//~ run == 0
