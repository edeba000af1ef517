// The macro passes on a length from a map.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

#define COPY(to, n) bpf_probe_read_user(to, n, (void *)0x1000)

char line[64];

SEC("raw_tp/sys_enter")
int on_enter(void *ctx)
{
	__u32 key = 0;
	__u64 *len = bpf_map_lookup_elem(&hits, &key);

	if (!len)
		return 0;
	COPY(line, *len);
      //^^^^^^^^^^^^^^^^ E0748: size `size` of `bpf_probe_read_user` has no upper bound
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -	COPY(line, *len);
//| +	__u64 size = *len;
//| +	if (size > sizeof(line))
//| +		return 0;
//| +	COPY(line, size);
