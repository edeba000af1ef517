// An escape without digits.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	char c = '\x';
	       //^^^^ E0112

	return c;
}

char LICENSE[] SEC("license") = "GPL";
