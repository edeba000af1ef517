// goto: forward, backward, out of and into blocks.
#include "expect.h"

noinline u32 cleanup(u32 stage)
{
	u32 trace = 0;

	trace = trace * 10 + 1;
	if (stage == 1)
		goto undo1;
	trace = trace * 10 + 2;
	if (stage == 2)
		goto undo2;
	trace = trace * 10 + 3;
	goto done;
undo2:
	trace = trace * 10 + 8;
undo1:
	trace = trace * 10 + 9;
done:
	return trace;
}

noinline u32 loop(u32 n)
{
	u32 i = 0, sum = 0;

again:
	if (i < n && i < 10) {
		sum += i++;
		goto again;
	}
	return sum;
}

noinline u32 leave_two(u32 wanted)
{
	u32 i, j = 0;

	for (i = 0; i < 4; i++)
		for (j = 0; j < 4; j++)
			if (i * 4 + j == wanted)
				goto found;
	return 100;
found:
	return i * 10 + j;
}

noinline u32 into_block(u32 x)
{
	u32 n = 0;

	if (x)
		goto inside;
	n = 10;
	{
		n += 100;
inside:
		n += 1;
	}
	return n;
}

noinline u32 states(u32 input)
{
	u32 seen = 0, bit = 0;

start:
	if (bit == 8)
		goto end;
	if (input >> bit++ & 1)
		goto one;
	goto start;
one:
	seen++;
	if (bit == 8)
		goto end;
	if (input >> bit++ & 1)
		goto one;
	goto start;
end:
	return seen;
}

SEC("xdp") int test(void *ctx)
{
	u32 x = U32(1);

	EXPECT(19, cleanup(U32(1)));
	EXPECT(1289, cleanup(U32(2)));
	EXPECT(123, cleanup(U32(3)));
	EXPECT(0, loop(U32(0)));
	EXPECT(10, loop(U32(5)));
	EXPECT(45, loop(U32(50)));
	EXPECT(13, leave_two(U32(7)));
	EXPECT(100, leave_two(U32(16)));
	EXPECT(1, into_block(U32(1)));
	EXPECT(111, into_block(U32(0)));
	EXPECT(0, states(U32(0)));
	EXPECT(8, states(U32(0xff)));
	EXPECT(5, states(U32(0xb9)));

	goto skip;
	x = 50;
skip:
	EXPECT(1, x);
	switch (x) {
	case 1:
		goto label;
	case 2:
		return __LINE__;
	}
	return __LINE__;
label:;
	u32 behind_label = 4;

	EXPECT(4, behind_label);
	goto end;
unused: __attribute__((unused));
	return __LINE__;
end:
	return 0;
}
//~ run == 0
