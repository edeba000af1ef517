// What is found out when registers are handed out.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	__u64 a = ctx->data, b = ctx->data_end, c = ctx->data_meta;
	register __u64 fp asm("r10");

	asm volatile("%0 = 1" : "=r"(a) : "r"(b), "r"(c)
	//~^ E0415: this assembly wants more registers than there are
	//~^ note: there are ten
		     : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8");
	asm volatile("r1 = %0" : : "i"(ctx->data) : "r1");
	//                             ^^^^^^^^^ E0415: this operand must be constant, and is not
	//~^ note: its constraint `i`
	asm volatile("%0 = 1" : "=r"(fp));
	//                           ^^ E0415: the frame pointer cannot be written
	return a + b + c;
}

char LICENSE[] SEC("license") = "GPL";
