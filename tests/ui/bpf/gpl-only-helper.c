// A helper for programs under the GPL in one that is not.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	bpf_printk("packet");
      //^^^^^^^^^^^^^^^^^^^^ E0406: `bpf_trace_printk`
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Proprietary";
