// Callbacks: bpf_loop, and one call for every element of a map.
//@ since: 5.17 (bpf_loop)
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 5);
	__type(key, __u32);
	__type(value, __u32);
} squares SEC(".maps");

struct bpf_map;

struct sums {
	__u32 n;
	__u32 values;
	__u32 keys;
};

static long fill(__u32 i, void *data)
{
	__u32 value = i * i, key = i;
	struct sums *sums = data;

	if (i == 4)
		return 1;
	bpf_map_update_elem(&squares, &key, &value, BPF_ANY);
	sums->n++;
	return 0;
}

static long add(struct bpf_map *map, __u32 *key, __u32 *value, struct sums *sums)
{
	sums->keys += *key;
	sums->values += *value;
	return 0;
}

SEC("xdp") int test(struct xdp_md *ctx)
{
	struct sums sums = {};

	if (bpf_loop(10, fill, &sums, 0) != 5)
		return __LINE__;
	if (bpf_for_each_map_elem(&squares, add, &sums, 0) != 5)
		return __LINE__;
	if (sums.n != 4)
		return __LINE__;
	return sums.values == 14 && sums.keys == 10 ? 0 : __LINE__;
}

char LICENSE[] SEC("license") = "GPL";

//~ run == 0
//~ map squares[3u32] == 9u32
//~ map squares[4u32] == 0u32
