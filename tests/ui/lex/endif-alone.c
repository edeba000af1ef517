// An end without its conditional.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#endif //~ E0107
SEC("xdp") int prog(struct xdp_md *ctx)
{

	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
