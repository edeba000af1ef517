// More initialisers than elements.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	int ports[2] = { 80, 443, 8080 };
				//^^^^ E0310

	return ports[0];
}

char LICENSE[] SEC("license") = "GPL";
