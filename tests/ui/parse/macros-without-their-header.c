// Macros of libbpf's headers, and of BCC's dialect in a program that is not in it.
SEC("xdp") //~ E0201: expected a type in front of `SEC`
//~^ help: include the header that defines it: `#include <bpf/bpf_helpers.h>`
int f(void *ctx)
{
	return 2;
}
BPF_HASH(hits); //~ E0201: expected a type in front of `BPF_HASH`
//~^ help: it is of BCC's dialect, in which there is no `SEC`: take that out, or choose with `--dialect bcc`
