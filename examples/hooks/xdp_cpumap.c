// Frames that were redirected to another CPU: the program of the map's element sees them there.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct bpf_cpumap_val);
} cpus SEC(".maps");

SEC("xdp")
int redirect(struct xdp_md *ctx)
{
	return bpf_redirect_map(&cpus, 0, XDP_PASS);
}

SEC("xdp/cpumap")
int on_redirected(struct xdp_md *ctx)
{
	seen++;
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
