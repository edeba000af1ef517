// Nothing sets the variable.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int filter(struct xdp_md *ctx)
{
	int verdict;

	return verdict;
             //^^^^^^^ E0701: `verdict` is read here, but was never given a value
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -	int verdict;
//| +	int verdict = 0;
