// Attributes of statements, designators of old, lengths that prototypes leave open.
#include "expect.h"

#ifdef HOST
#define HINT
#else
#define HINT [[likely]]
#endif

static int sum(int n, int list[const *]);
static int sum(int n, int[volatile static 3]);
static int sum(int, int[*]);

static const int old[5] = { [1] 5, [3 ... 4] 7, [0] = 1 };
static const struct {
	int a, b;
} members = { b: 2, a: 1 };

noinline int attributes(int n)
{
	int total = 0;

	__attribute__((unused)) int unused = 3;
	HINT for (int i = 0; i < 5 && i < n; i++)
		total += i;
	if (n > 3)
		HINT { total++; }
	else
		HINT return 7;
	HINT if (n == 5)
		HINT if (total == 1)
			return 1;
		else
			total += 100;
	HINT while (total > 1000)
		total--;
	switch (n) {
	case 5:
		total += 1000;
		__attribute__((fallthrough));
	default:
		total += 10000;
	}
	return total;
}

noinline int names(void)
{
	int \u00e9t\u00e9 = S32(3), σ = 4;
	struct {
		int größe;
	} s = { 5 };
#define µ(é) ((é) * 2)

	EXPECT(7, été + σ);
	EXPECT(10, µ(s.gr\u00f6\U000000dfe));
	return 0;
}

static int sum(int n, int list[3])
{
	int total = 0;

	for (int i = 0; i < 3; i++)
		total += list[i];
	return total + n;
}

SEC("socket") int test(void *ctx)
{
	int list[] = { 1, 2, 3 };

	EXPECT(11111, attributes(S32(5)));
	EXPECT(7, attributes(S32(2)));
	EXPECT(5, old[1]);
	EXPECT(14, old[3] + old[4]);
	EXPECT(12, members.a * 10 + members.b);
	EXPECT(10, sum(4, list));
	return names();
}
//~ run == 0
