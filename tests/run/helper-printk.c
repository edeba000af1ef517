// What programs print, format by format.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

volatile __u32 id = 7;
volatile __u64 wide = 0x123456789abcdef0;
volatile int negative = -5;

SEC("xdp") int test(struct xdp_md *ctx)
{
	char name[8] = "bpf";

	bpf_printk("plain");
	bpf_printk("id %u", id);
	bpf_printk("%d %x %X", negative, id + 248, id + 248);
	bpf_printk("%llx|%llu|%lld", wide, wide, (__s64)negative);
	bpf_printk("%s!", name);
	bpf_printk("100%%");
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";

//~ run == XDP_PASS
//~ printk "plain"
//~ printk "id 7"
//~ printk "-5 ff FF"
//~ printk "123456789abcdef0|1311768467463790320|-5"
//~ printk "bpf!"
//~ printk "100%"
