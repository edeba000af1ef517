// A declared license is none that the kernel takes for free.
//@ no-edit: the license is for the author to choose
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define LOG(text) bpf_printk(text)

SEC("raw_tp/sys_enter")
int on_enter(void *ctx)
{
	LOG("enter");
      //^^^^^^^^^^^^ E0406: `bpf_trace_printk` is for programs under the GPL only
	return 0;
}

#ifdef FIXED
char LICENSE[] SEC("license") = "Dual MIT/GPL";
#else
char LICENSE[] SEC("license") = "Proprietary";
#endif
