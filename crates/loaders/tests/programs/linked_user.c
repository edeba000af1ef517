// Uses what linked_definer.c defines, and has a static function of the same name, and what is weak there.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct point {
	int x, y;
};

extern int counter, zeros[3];
extern const int step;
extern long custom[4] SEC(".data.custom");
extern const struct point origin;
int level __weak = 50;
static const char name[] = "user";

extern struct {
	__uint(max_entries, 8);
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, int);
	__type(value, struct point);
} points SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, int);
	__type(value, long);
} totals __weak SEC(".maps");

int add(int, int);
int norm(struct point *p) __hidden;

__weak __noinline int pick(int x)
{
	return x * 2;
}

static __noinline int scale(int x)
{
	return x * 2 + name[0];
}

SEC("xdp") int use(struct xdp_md *ctx)
{
	struct point point = origin, *found;
	int key = 1;
	long *total;

	point.x += step;
	bpf_map_update_elem(&points, &key, &point, BPF_ANY);
	found = bpf_map_lookup_elem(&points, &key);
	total = bpf_map_lookup_elem(&totals, &key);
	if (total)
		*total += custom[2];
	counter += add(scale(3), zeros[2]);
	zeros[1]++;
	return counter + norm(found) + pick(level) + (total ? *total : 0);
}

char _license[] SEC("license") = "GPL";
