// Every access to a volatile object happens, in order; const promises nothing about others.
#include "expect.h"

static volatile u32 port;
static volatile struct {
	u8 a;
	u64 b;
} device;

noinline u32 read_twice(volatile u32 *p)
{
	u32 a = *p;
	u32 b = *p;

	return a + b;
}

noinline u32 constant_view(const u32 *view, u32 *same)
{
	u32 before = *view;

	*same += 1;
	return *view - before;
}

SEC("xdp") int test(void *ctx)
{
	volatile u32 v = 1;
	volatile u8 bytes[4] = { 1, 2, 3, 4 };
	const volatile u32 fixed = 9;
	u32 plain = 5, i = U32(3);
	volatile u32 *p = &plain;

	v = 2;
	v = 3;
	EXPECT(3, v);
	v += v;
	EXPECT(6, v);
	v++;
	EXPECT(7, v);
	EXPECT(9, fixed);
	port = 4;
	EXPECT(8, read_twice(&port));
	EXPECT(14, read_twice(&v));
	device.a = 0x1ff;
	device.b = device.a;
	EXPECT(255, device.b);
	if (i < 4)
		bytes[i] += 1;
	EXPECT(5, bytes[3]);
	EXPECT(1, bytes[0]);
	*p = 8;
	EXPECT(8, plain);
	*(volatile u32 *)&plain = 10;
	EXPECT(10, *p);
	EXPECT(1, constant_view(&plain, &plain));
	EXPECT(11, plain);
	return 0;
}
//~ run == 0
