// No character between the quotes.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	char c = '';
	       //^^ E0112

	return c;
}

char LICENSE[] SEC("license") = "GPL";
