// continue needs a loop.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	switch (ctx->rx_queue_index) {
	case 1:
		continue;
	      //^^^^^^^^^ E0313
	}
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
