// Programs in sections that libbpf 1.0 does not know are compiled, with a warning.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp_drop") //~ W0407: the section `xdp_drop` is of no known program type
int drop(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("abc/whatever") //~ W0407: the section `abc/whatever`
int unknown(void *ctx)
{
	return 0;
}

SEC("xpd") //~ E0407: the section `xpd`
int misspelt(struct xdp_md *ctx)
{
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
