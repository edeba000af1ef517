// The helper is for other types of programs.
//@ no-edit: another type of program has other helpers
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __always_inline int drop(void *ctx)
{
#ifdef FIXED
	return 0;
#else
	return bpf_xdp_adjust_head(ctx, 4);
             //^^^^^^^^^^^^^^^^^^^^^^^^^^^ E0409: `bpf_xdp_adjust_head` cannot be called from a program of type `BPF_PROG_TYPE_SCHED_CLS`
#endif
}

SEC("tc")
int cut(struct __sk_buff *skb)
{
	return drop(skb);
}

char LICENSE[] SEC("license") = "GPL";
