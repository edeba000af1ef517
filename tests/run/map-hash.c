// A hash map: flags of updates, deletion, capacity, what is left afterwards.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define EEXIST 17
#define ENOENT 2
#define E2BIG 7

struct value {
	__u32 count;
	__u16 tag;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 3);
	__type(key, __u32);
	__type(value, struct value);
} table SEC(".maps");

SEC("xdp") int test(struct xdp_md *ctx)
{
	__u32 key = 1;
	struct value value = { 10, 1 }, *found;

	if (bpf_map_lookup_elem(&table, &key))
		return __LINE__;
	if (bpf_map_delete_elem(&table, &key) != -ENOENT)
		return __LINE__;
	if (bpf_map_update_elem(&table, &key, &value, BPF_EXIST) != -ENOENT)
		return __LINE__;
	if (bpf_map_update_elem(&table, &key, &value, BPF_NOEXIST))
		return __LINE__;
	if (bpf_map_update_elem(&table, &key, &value, BPF_NOEXIST) != -EEXIST)
		return __LINE__;
	found = bpf_map_lookup_elem(&table, &key);
	if (!found || found->count != 10 || found->tag != 1)
		return __LINE__;
	// What lookup gives is the value itself, and update replaces it.
	found->count++;
	found = bpf_map_lookup_elem(&table, &key);
	if (!found || found->count != 11)
		return __LINE__;
	value.count = 20;
	if (bpf_map_update_elem(&table, &key, &value, BPF_ANY))
		return __LINE__;
	found = bpf_map_lookup_elem(&table, &key);
	if (!found || found->count != 20)
		return __LINE__;

	key = 2;
	if (bpf_map_update_elem(&table, &key, &value, BPF_ANY))
		return __LINE__;
	key = 0xffffffff;
	value.tag = 7;
	if (bpf_map_update_elem(&table, &key, &value, BPF_ANY))
		return __LINE__;
	key = 4;
	if (bpf_map_update_elem(&table, &key, &value, BPF_ANY) != -E2BIG)
		return __LINE__;
	key = 2;
	if (bpf_map_delete_elem(&table, &key))
		return __LINE__;
	if (bpf_map_lookup_elem(&table, &key))
		return __LINE__;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

//~ run == 0
//~ map table[1u32] == {count = 20u32, tag = 1u16}
//~ map table[1u32].count == 20u32
//~ map table[2u32] absent
//~ map table[4u32] absent
//~ map table[0xffffffffu32].tag == 7u16
