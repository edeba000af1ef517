// Defines what linked_user.c uses.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct point {
	int x, y;
};

int counter = 1000;
int zeros[3];
const volatile int step = 7;
long custom[4] SEC(".data.custom") = {1, 2, 30, 4};
const struct point origin = {5, 6};
int level __weak = 1;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, int);
	__type(value, struct point);
} points SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, int);
	__type(value, long);
} totals __weak SEC(".maps");

static __noinline int scale(int x)
{
	return x * 100;
}

__noinline int add(int a, int b)
{
	return a + b + scale(1);
}

__noinline int norm(struct point *p)
{
	return p ? p->x * p->x + p->y * p->y : -1;
}

__weak __noinline int pick(int x)
{
	return x + level;
}

SEC("xdp") int define(struct xdp_md *ctx)
{
	return pick(scale(counter) & 1);
}

char LICENSE[] SEC("license") = "GPL";
