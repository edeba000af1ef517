// An array map: zeros at first, indices up to its size, no deletion.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define EEXIST 17
#define EINVAL 22
#define E2BIG 7

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, 16);
} raw SEC(".maps");

SEC("xdp") int test(struct xdp_md *ctx)
{
	__u32 i = 0;
	__u64 value = 5, *slot;
	__u8 *bytes;

	slot = bpf_map_lookup_elem(&slots, &i);
	if (!slot || *slot)
		return __LINE__;
	*slot = 0x1122334455667788;
	i = 3;
	slot = bpf_map_lookup_elem(&slots, &i);
	if (!slot)
		return __LINE__;
	__sync_fetch_and_add(slot, 40);
	if (bpf_map_update_elem(&slots, &i, &value, BPF_NOEXIST) != -EEXIST)
		return __LINE__;
	if (bpf_map_delete_elem(&slots, &i) != -EINVAL)
		return __LINE__;
	i = 4;
	if (bpf_map_lookup_elem(&slots, &i))
		return __LINE__;
	if (bpf_map_update_elem(&slots, &i, &value, BPF_ANY) != -E2BIG)
		return __LINE__;
	i = 1;
	if (bpf_map_update_elem(&slots, &i, &value, BPF_ANY))
		return __LINE__;
	bytes = bpf_map_lookup_elem(&raw, &i);
	if (!bytes)
		return __LINE__;
	for (int k = 0; k < 16; k++)
		bytes[k] = k * 3;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

//~ run == 0
//~ map slots[0u32] == 0x1122334455667788u64
//~ map slots[1u32] == 5u64
//~ map slots[2u32] == 0u64
//~ map slots[3u32] == 40u64
//~ map raw[1u32] == hex"000306090c0f1215181b1e2124272a2d"
//~ map raw[0u32] == hex"00000000000000000000000000000000"
