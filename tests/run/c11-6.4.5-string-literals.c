// Strings are arrays of char with a zero behind them.
#include "expect.h"

#define NAME "bpf"

static const char global[] = "global";
static char exact[3] = "abc";
static char longer[8] = "abc";

noinline u32 length(const char *s)
{
	u32 n = 0;

	for (u32 i = 0; i < 16; i++) {
		if (!s[i])
			break;
		n++;
	}
	return n;
}

SEC("xdp") int test(void *ctx)
{
	char local[] = "hello";
	char filled[8] = "hi";
	char braces[] = { "ab" };
	char listed[] = { 'a', 'b' };
	const char text[32] = "a longer text of the stack";
	const char *chosen;
	u32 i = U32(1);

	EXPECT(6, sizeof("hello"));
	EXPECT(1, sizeof(""));
	EXPECT(4, sizeof("\0\0\0"));
	EXPECT(7, sizeof("abc" "def"));
	EXPECT(9, sizeof("abc" NAME "de"));
	EXPECT(2, sizeof("\x41"));
	EXPECT(3, sizeof("\1012"));
	EXPECT(3, sizeof("\x4" "1"));
	EXPECT(3, sizeof("é"));

	EXPECT(6, sizeof(local));
	EXPECT('h', local[0]);
	EXPECT('o', local[4]);
	EXPECT(0, local[5]);
	if (i < sizeof(local))
		local[i] = 'j';
	EXPECT('j', local[1]);
	EXPECT('i', filled[1]);
	EXPECT(0, filled[2]);
	EXPECT(0, filled[7]);
	EXPECT(3, sizeof(braces));
	EXPECT('b', braces[1]);
	EXPECT(2, sizeof(listed));
	EXPECT('b', i < 2 ? listed[i] : 0);
	EXPECT(' ', text[1]);
	EXPECT('k', text[25]);
	EXPECT(0, text[26]);
	i = U32(21);
	EXPECT('s', i < 26 ? text[i] : 0);

	EXPECT(7, sizeof(global));
	EXPECT('l', global[U32(5) & 7 ? 5 : 0]);
	EXPECT(0, global[6]);
	EXPECT(3, sizeof(exact));
	EXPECT('c', exact[2]);
	EXPECT('c', longer[2]);
	EXPECT(0, longer[3]);
	EXPECT(0, longer[7]);

	EXPECT('b', "abc"[1]);
	EXPECT('c', 2["abc"]);
	EXPECT(0, "abc"[3]);
	EXPECT(-61, "é"[0]);
	EXPECT('\n', "a\nb"[1]);
	chosen = U32(1) ? "yes" : "nope";
	EXPECT('y', chosen[0]);
	EXPECT(3, length("abc"));
	EXPECT(0, length(""));
	EXPECT(6, length(global));
	return 0;
}
//~ run == 0
