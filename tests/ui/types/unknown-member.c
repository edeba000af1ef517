// A member that the structure does not have, and one close to it.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct flow {
	int source, destination;
};

SEC("xdp") int prog(struct xdp_md *ctx)
{
	struct flow f = { 1, 2 };

	return f.destinaton;
	       //^^^^^^^^^^ E0302: `destinaton`
	//~^ help: `destination`
}

char LICENSE[] SEC("license") = "GPL";
