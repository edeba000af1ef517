//@ flags: --kernel=5.10,6.1
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

static long step(__u32 idx, void *ctx)
{
	return 0;
}

SEC("xdp")
int unguarded(struct xdp_md *ctx)
{
	bpf_loop(10, step, NULL, 0); //~ E0606: Linux 5.10 has no helper `bpf_loop`
	//~^ note: appeared in Linux 5.17
	//~^ help: bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop)
	return XDP_PASS;
}

SEC("xdp")
int guarded(struct xdp_md *ctx)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop))
		bpf_loop(10, step, NULL, 0);
	return XDP_PASS;
}

SEC("?xdp")
int optional(struct xdp_md *ctx)
{
	bpf_loop(10, step, NULL, 0);
	return XDP_PASS;
}
