// Formats against arguments, and against what the kernel takes.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	__u64 now = bpf_ktime_get_ns(), id = bpf_get_current_pid_tgid();
	__u32 ip = ctx->ingress_ifindex;
	char comm[16] = {};

	bpf_printk("now %llu", now);
	bpf_printk("now %d", now); //~ W0312: `%d` does not fit a value of type `__u64`
	bpf_printk("pid %d tid %d", id >> 32, (__u32)id);
	bpf_printk("%pI4", &ip);
	bpf_printk("%pI4", ip); //~ W0312
	//~^ help: pass its address with `&`
	bpf_printk("comm %s %c 100%%\n", comm, comm[0]);
	bpf_printk("comm %s %d", comm); //~ W0312: the format has 2 conversions and the call 1 value
	bpf_printk("nothing", 1); //~ W0312: the format has no conversion for this value
	bpf_printk("x %o", ip); //~ W0401: the kernel does not take `%o`
	bpf_printk("x %.3s", comm); //~ W0401: `%.`
	bpf_printk("a %d b %d c %d d %s", 1, 2, ip, ip); //~ W0312: `%s`
	bpf_printk("ctx %p %px", ctx, ctx);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
