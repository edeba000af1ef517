// An element of the context at a constant index is one access with a constant offset,
// at every level of optimisation.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int element(__u32 *ctx)
{
	return ctx[1] - ctx[0];
}
//~ run element packet=hex"000102030405060708090a0b0c0d0e0f" == 16
