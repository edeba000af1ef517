// Constraints, and where assembly may stand.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct pair {
	__u64 a : 3;
	__u64 b;
	__u64 c;
};

asm(".globl f");
//~^ E0416: assembly outside functions
//~^ help: write a function with the attribute `naked`

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	__u64 x = 1;
	const __u64 constant = 1; //~ note: it is declared here
	struct pair pair = { 1, 2, 3 };
	register __u64 y asm("rax");
	//                   ^^^^^ E0415: `rax` is no register of BPF

	asm volatile("%0 = 1" : "r"(x));
	//                      ^^^ E0415: the constraint `r` of an output lacks `=`
	//~^ help: `=` says that it is written
	asm volatile("%0 = 1" : "=i"(x));
	//                      ^^^^ E0415: names no place for an output
	asm volatile("%0 = 1" : "=q"(x));
	//                      ^^^^ E0415: the constraint `=q` is unknown
	//~^ note: BPF has `r` and `w`
	asm volatile("%0 = 1" : "=r"(constant));
	//                           ^^^^^^^^ E0318
	asm volatile("%0 = 1" : "=r"(5));
	//                           ^ E0305
	asm volatile("r1 = %0" : : "=r"(x) : "r1");
	//                         ^^^^ E0415: is for outputs, this is an input
	asm volatile("r1 = %0" : : "0"(x) : "r1");
	//                         ^^^ E0415: refers to no output
	asm volatile("%0 = %1" : "=m"(x) : "0"(x));
	//                                     ^ E0415: shares the place of one that is not in a register
	asm volatile("r1 = %0" : : "r"(pair) : "r1");
	//                             ^^^^ E0415: a register cannot hold a value of type `struct pair`
	//~^ help: the constraint `m`
	asm volatile("r1 = *(u64 *)%0" : : "m"(pair.a) : "r1");
	//                                     ^^^^^^ E0415: a bit-field has no address
	asm volatile("r1 = *(u64 *)%0" : : "m"(x + 1) : "r1");
	//                                     ^^^^^ E0415: needs an object in memory
	asm volatile("r1 = 1" : : : "r1", "eax");
	//                                ^^^^^ E0415: `eax` is no register of BPF
	//~^ note: what assembly overwrites
	asm goto("goto %l[out]" : : : : out);
	//                              ^^^ E0313: there is no label `out`
	return x;
}

__attribute__((naked)) int naked(int x)
{
	asm volatile("r0 = 1");
	x++;
	//~^ E0416: a naked function consists of assembly only
	//~^^^^ note: the function is naked
	asm volatile("exit");
}

__attribute__((naked)) int naked_with_operand(int x)
{
	asm volatile("r0 = %0; exit" : : "r"(x));
	//~^ E0416: the parameters of a naked function are in `r1` to `r5`
	//~^^^ note: the function is naked
}

char LICENSE[] SEC("license") = "GPL";
