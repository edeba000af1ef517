//@ flags: --kernel=5.10,6.1
// A kernel that does not know addresses of functions refuses them in code that is never reached, too.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

static long step(__u32 idx, void *ctx)
{
	return 0;
}

SEC("xdp")
int guarded(struct xdp_md *ctx)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop))
		bpf_loop(10, step, NULL, 0); //~ E0613: Linux 5.10 has no helpers with callbacks
	return XDP_PASS;
}
