// Mistakes in the text of assembly are shown at their characters.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define TWO "r1 = 1; r2 ="
#define CALL(f) asm volatile("call " #f : : : "r0", "r1", "r2", "r3", "r4", "r5")

static __u64 global;

static __attribute__((noinline, used)) int subprogram(void)
{
	return 1;
}

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	__u64 x = 1, y;

	asm volatile("r1 = 1; r2 <- 5; r3 = 3" : : : "r1", "r2", "r3");
	//                       ^ E0414: expected an assignment operator, found `<`
	asm volatile("r1 = 1\n\tnop\n\tr2 = 2" : : : "r1", "r2");
	//                      ^^^ E0414: expected an instruction, found `nop`
	asm volatile("r1 = 1;"
		     "r2 = %[x] +;" : : [x] "r"(x) : "r1", "r2");
	//~^ E0414: expected end of line
	asm volatile("r1 = \x31\x32zz;" : : : "r1");
	//                 ^^^^^^^^^^ E0414: `12zz` is not a number
	asm volatile("r1 = %[z]; r2 = %2" : : [x] "r"(x) : "r1", "r2");
	//                 ^^^^ E0414: there is no such operand
	asm volatile("if r1 > 5 goto out" : : : "r1");
	//                           ^^^ E0414: there is no label `out` in this assembly
	asm volatile("call subprograms" : : : "r0", "r1", "r2", "r3", "r4", "r5");
	//                 ^^^^^^^^^^^ E0414: there is no function `subprograms`
	//~^ help: did you mean `subprogram`
	asm volatile("call nothing_like_it" : : : "r0", "r1", "r2", "r3", "r4", "r5");
	//                 ^^^^^^^^^^^^^^^ E0414: there is no function
	//~^ help: helpers are called by number
	asm volatile("call global" : : : "r0", "r1", "r2", "r3", "r4", "r5");
	//                 ^^^^^^ E0414: `global` is no function
	asm volatile("%0 = globals ll" : "=r"(y));
	//                 ^^^^^^^ E0414: there is no function or object `globals`
	//~^ help: did you mean `global`
	asm volatile(".globl f" : : : "r1");
	//            ^^^^^^ E0414: the directive `.globl` is not supported
	//~^ note: assembly of BPF may hold numbers
	asm volatile(".8byte 0xff" : : : "r1");
	//            ^^^^^^^^^^^ E0414: these bytes are no instruction
	asm volatile("a: r1 = 1; a: r1 = 2" : : : "r1");
	//                       ^ E0414: label `a` is already defined
	asm volatile("r1 = %z0" : : "r"(x) : "r1");
	//                 ^^^ E0414: the modifier `z` is unknown
	asm volatile("r1 = 5 %" : : : "r1");
	//                   ^ E0414: `%` at the end
	asm volatile("w1 = %0" : : "r"(x) : "r1");
	//                 ^^ E0414: expected a 32-bit register
	asm volatile(TWO : : : "r1", "r2"); //~ E0414: expected a number
	CALL(nobody); //~ E0414: there is no function `nobody`
	//~^ help: helpers are called by number
	return x;
}

char LICENSE[] SEC("license") = "GPL";
