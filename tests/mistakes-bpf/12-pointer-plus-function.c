// The function advances by a signed number.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct slots {
	__u32 counts[8];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct slots);
} table SEC(".maps");

static __always_inline __u8 at(void *base, long off)
{
	__u8 *p = base + off;
                //^^^^^^^^^^ E0704: an unbounded number is added to the value of map `table`

	return *p;
}

SEC("raw_tp/sys_enter")
int on_enter(void *ctx)
{
	__u32 key = 0;
	struct slots *slots = bpf_map_lookup_elem(&table, &key);

	if (!slots)
		return 0;
	return at(slots, bpf_get_current_pid_tgid()) == 1;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| +	if ((__u64)off > 31)
//| +		return 0;
