// More than the stack holds.
//@ no-edit: a map has to be declared, and looked up, and it may not be there
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef FIXED
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, char[1024]);
} scratch SEC(".maps");
#endif

SEC("xdp")
int dump(struct xdp_md *ctx)
  //^^^^ E0403: the stack frame of `dump` takes 1024 bytes, 512 are allowed
{
#ifdef FIXED
	__u32 zero = 0;
	char *buffer = bpf_map_lookup_elem(&scratch, &zero);

	if (!buffer)
		return XDP_PASS;
	bpf_xdp_load_bytes(ctx, 0, buffer, 1024);
#else
	char buffer[1024] = {};

	bpf_xdp_load_bytes(ctx, 0, buffer, sizeof(buffer));
#endif
	return buffer[7];
}

char LICENSE[] SEC("license") = "GPL";
