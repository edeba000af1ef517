// More rounds than the verifier walks.
//@ no-edit: what may be left out, or done in a function of its own, is a matter of meaning
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

static int step(__u32 i, __u64 *sum)
{
	*sum += bpf_get_prandom_u32();
	return 0;
}

SEC("xdp")
int sum(struct xdp_md *ctx)
{
	__u64 total = 0;

#ifdef FIXED
	bpf_loop(10000000, step, &total, 0);
#else
	for (__u32 i = 0; i < 10000000; i++)
                        //^^^^^^^^^^^^ E0711: the program is too complex to verify: more than 1000000 instructions along all paths
		total += bpf_get_prandom_u32();
#endif
	return total & 1;
}

char LICENSE[] SEC("license") = "GPL";
