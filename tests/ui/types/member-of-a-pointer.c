// `.` where `->` is meant.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	return ctx.rx_queue_index; //~ E0304
	//~^ help: `->`
}

char LICENSE[] SEC("license") = "GPL";
