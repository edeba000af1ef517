typedef unsigned long long u64;
enum kind { A, B = 5, C };
struct inner { int x : 3, : 0, y : 5; char name[4]; } __attribute__((packed));
union both { struct inner i; u64 raw; };
struct outer { struct { int a, b; }; union both u[2]; struct outer *next; int tail[]; };
static const struct outer table = { .b = 1, .u = { [0].i.name = "ab", 7 }, .tail = { 1, 2 } };
static int (*const ops[])(int) = { 0 };
static long (*bpf_get)(void) = (void *)5;
extern int other(int, long, long);
static inline int helper(struct outer *o, int n) { return o->u[n & 1].i.y + o->b; }
int f(struct outer *o, u64 n)
{
	static int calls = sizeof(struct outer);
	int values[] = { [2 ... 4] = A, C }, *p = &values[1];
	for (int i = 0; i < 3; i++, p++) {
		if (!*p) continue; else if (i == 2 && n) break;
		switch (n) { case 1: case 3 ... 5: calls++; break; default: goto out; }
	}
	do { n >>= 1; } while (n);
	u64 m = ({ u64 t = n ?: 1; t * 2; });
	struct inner copy = (struct inner){ 1, 2, "abc" }, again = copy;
	__builtin_memcpy(&again, &copy, sizeof copy);
	__sync_fetch_and_add(&calls, (int)m);
	n += _Generic(n, u64: 1, default: "x") + __builtin_offsetof(struct outer, u[1].i.name[2]);
out:
	return helper(o, again.y) + (bpf_get() ? values[n & 3] : -1) + other(1, 2l, p - values);
}
