// Records may have floating members, which other programs read; this one cannot write them.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct record {
	double ratio;
	long count;
};

SEC("xdp") int prog(struct xdp_md *ctx)
{
	struct record record = { 1, 2 };
                               //^ E0404
	struct record copy = {};

	copy.count = 3;
	copy.ratio = 0;
                   //^ E0404
	return sizeof(copy) + copy.count;
}

char LICENSE[] SEC("license") = "GPL";
