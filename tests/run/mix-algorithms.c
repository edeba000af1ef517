// Small programs with known answers: hashes, checksums, number theory, sorting, strings.
#include "expect.h"

noinline u32 fnv1a(const char *s, u32 n)
{
	u32 hash = 2166136261u;

	for (u32 i = 0; i < 8; i++) {
		if (i >= n)
			break;
		hash ^= (u8)s[i];
		hash *= 16777619u;
	}
	return hash;
}

noinline u64 fnv1a_64(const char *s)
{
	u64 hash = 0xcbf29ce484222325;

#pragma unroll
	for (int i = 0; i < 6; i++) {
		hash ^= (u8)s[i];
		hash *= 0x100000001b3;
	}
	return hash;
}

noinline u32 crc32(const u8 *p)
{
	u32 crc = 0xffffffff;

	for (u32 i = 0; i < 9; i++) {
		crc ^= p[i];
		for (u32 bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (-(crc & 1) & 0xedb88320);
	}
	return ~crc;
}

noinline u16 internet_checksum(const u16 *words)
{
	u32 sum = 0;

#pragma unroll
	for (int i = 0; i < 10; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	return ~sum;
}

noinline u32 gcd(u32 a, u32 b)
{
	for (u32 i = 0; i < 32; i++) {
		u32 rest;

		if (!b)
			break;
		rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

noinline u64 fibonacci(u32 n)
{
	u64 a = 0, b = 1;

	for (u32 i = 0; i < 90; i++) {
		u64 next = a + b;

		if (i >= n)
			break;
		a = b;
		b = next;
	}
	return a;
}

noinline u32 square_root(u32 x)
{
	u32 result = 0;

	for (s32 bit = 7; bit >= 0; bit--) {
		u32 trial = result | 1 << bit;

		if (trial * trial <= x)
			result = trial;
	}
	return result;
}

noinline u32 collatz(u32 x)
{
	u32 n = 0;

	while (x != 1 && n < 10) {
		x = x & 1 ? 3 * x + 1 : x / 2;
		n++;
	}
	return n;
}

noinline u32 log2_of(u32 v)
{
	u32 r, shift;

	r = (v > 0xffff) << 4;
	v >>= r;
	shift = (v > 0xff) << 3;
	v >>= shift;
	r |= shift;
	shift = (v > 0xf) << 2;
	v >>= shift;
	r |= shift;
	shift = (v > 0x3) << 1;
	v >>= shift;
	r |= shift;
	r |= v >> 1;
	return r;
}

noinline u64 reverse_bits(u64 x)
{
	x = (x >> 1 & 0x5555555555555555) | (x & 0x5555555555555555) << 1;
	x = (x >> 2 & 0x3333333333333333) | (x & 0x3333333333333333) << 2;
	x = (x >> 4 & 0x0f0f0f0f0f0f0f0f) | (x & 0x0f0f0f0f0f0f0f0f) << 4;
	return __builtin_bswap64(x);
}

#define rotate(x, n) ((x) << (n) | (x) >> (64 - (n)))

// SipHash-2-4 of one 64-bit word.
noinline u64 siphash(u64 message, u64 k0, u64 k1)
{
	u64 v0 = k0 ^ 0x736f6d6570736575, v1 = k1 ^ 0x646f72616e646f6d;
	u64 v2 = k0 ^ 0x6c7967656e657261, v3 = k1 ^ 0x7465646279746573;
	u64 words[2] = { message, 8ull << 56 };

#define ROUND                                                                                      \
	v0 += v1, v1 = rotate(v1, 13), v1 ^= v0, v0 = rotate(v0, 32);                              \
	v2 += v3, v3 = rotate(v3, 16), v3 ^= v2;                                                   \
	v0 += v3, v3 = rotate(v3, 21), v3 ^= v0;                                                   \
	v2 += v1, v1 = rotate(v1, 17), v1 ^= v2, v2 = rotate(v2, 32)
#pragma unroll
	for (int i = 0; i < 2; i++) {
		v3 ^= words[i];
		ROUND;
		ROUND;
		v0 ^= words[i];
	}
	v2 ^= 0xff;
	ROUND;
	ROUND;
	ROUND;
	ROUND;
	return v0 ^ v1 ^ v2 ^ v3;
}

noinline u32 sort(u32 seed)
{
	u8 v[6];
	u32 digits = 0;

	for (u32 i = 0; i < 6; i++) {
		v[i] = seed % 10;
		seed /= 10;
	}
#pragma unroll
	for (int i = 1; i < 6; i++) {
#pragma unroll
		for (int j = i; j > 0; j--) {
			if (v[j - 1] > v[j]) {
				u8 swap = v[j];

				v[j] = v[j - 1];
				v[j - 1] = swap;
			}
		}
	}
	for (u32 i = 0; i < 6; i++)
		digits = digits * 10 + v[i];
	return digits;
}

noinline u32 parse_number(const char *s)
{
	u32 value = 0;

	for (u32 i = 0; i < 8; i++) {
		if (s[i] < '0' || s[i] > '9')
			break;
		value = value * 10 + (s[i] - '0');
	}
	return value;
}

SEC("xdp") int test(void *ctx)
{
	static const u16 header[10] = { 0x0045, 0x7300, 0x0000, 0x0040, 0x1140,
					0x0000, 0xa8c0, 0x0100, 0xa8c0, 0xc700 };

	EXPECT(0x811c9dc5, fnv1a("", U32(0)));
	EXPECT(0xe40c292c, fnv1a("a", U32(1)));
	EXPECT(0xbf9cf968, fnv1a("foobar", U32(6)));
	EXPECT(0x85944171f73967e8, fnv1a_64("foobar"));
	EXPECT(0xcbf43926, crc32((const u8 *)"123456789"));
	EXPECT(0x61b8, internet_checksum(header));
	EXPECT(6, gcd(U32(48), U32(18)));
	EXPECT(1, gcd(U32(17), U32(4294967291)));
	EXPECT(17, gcd(U32(0), U32(17)));
	EXPECT(55, fibonacci(U32(10)));
	EXPECT(2880067194370816120, fibonacci(U32(90)));
	EXPECT(255, square_root(U32(65025)));
	EXPECT(254, square_root(U32(65024)));
	EXPECT(3, square_root(U32(15)));
	EXPECT(8, collatz(U32(6)));
	EXPECT(10, collatz(U32(27)));
	EXPECT(0, log2_of(U32(1)));
	EXPECT(10, log2_of(U32(1024)));
	EXPECT(31, log2_of(U32(0xffffffff)));
	EXPECT(0x8000000000000000, reverse_bits(U64(1)));
	EXPECT(0x93f5f5799a932462, siphash(U64(0x0706050403020100), U64(0x0706050403020100), U64(0x0f0e0d0c0b0a0908)));
	EXPECT(112345, sort(U32(315412)));
	EXPECT(0xf7b3d591e6a2c480, reverse_bits(U64(0x0123456789abcdef)));
	EXPECT(0, sort(U32(0)));
	EXPECT(1234, parse_number("1234 x"));
	EXPECT(0, parse_number("x"));
	return 0;
}
//~ run == 0
