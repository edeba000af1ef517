// Attributes that change what is generated, and those that do not.
#include "expect.h"

static u32 unused_global __attribute__((unused));
static u8 aligned_bytes[3] __attribute__((aligned(16))) = { 1, 2, 3 };
__attribute__((weak)) u32 weak_global = 6;
__attribute__((visibility("hidden"))) u32 hidden_global = 7;
static u32 __attribute__((section(".data.custom"))) custom = 8;
static const u32 __attribute__((section(".rodata.custom"))) custom_constant = 9;

typedef u32 __attribute__((aligned(8))) spaced;
typedef u32 unaligned __attribute__((aligned(1)));

struct __attribute__((packed)) before {
	u8 a;
	u32 b;
};
struct after {
	u8 a;
	u32 b;
} __attribute__((__packed__, __aligned__(2)));
struct spaced_members {
	u8 a;
	spaced b;
	u8 c;
};

__attribute__((__noinline__)) static u32 first(u32 x)
{
	return x + 1;
}

static __attribute__((__always_inline__)) inline u32 second(u32 x)
{
	return x + 2;
}

static u32 third(u32 x) __attribute__((__noinline__, unused));
static u32 third(u32 x)
{
	return x + 3;
}

static u32 __attribute__((pure)) __attribute__((cold)) fourth(u32 x __attribute__((unused)))
{
	return 4;
}

SEC("xdp") int test(void *ctx)
{
	u32 unused __attribute__((unused));
	u8 raw[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

	EXPECT(2, first(U32(1)));
	EXPECT(3, second(U32(1)));
	EXPECT(4, third(U32(1)));
	EXPECT(4, fourth(U32(1)));
	EXPECT(3, aligned_bytes[2]);
	EXPECT(6, weak_global);
	EXPECT(7, hidden_global);
	EXPECT(8, custom);
	EXPECT(9, custom_constant);
	EXPECT(5, sizeof(struct before));
	EXPECT(6, sizeof(struct after));
	EXPECT(8, offset_of(struct spaced_members, b));
	EXPECT(12, offset_of(struct spaced_members, c));
	EXPECT(16, sizeof(struct spaced_members));
	EXPECT(8, _Alignof(spaced));
	EXPECT(0x05040302, *(unaligned *)(raw + 1));
	switch (U32(1)) {
	case 1:
		raw[0] = 9;
		__attribute__((fallthrough));
	case 2:
		raw[1] = 9;
	}
	EXPECT(9, raw[1]);
	return 0;
}
//~ run == 0
