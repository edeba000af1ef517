// 8 is no octal digit.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	int month = 08;
		  //^^ E0111

	return month;
}

char LICENSE[] SEC("license") = "GPL";
