// Independent mistakes are all reported, each once.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static int first(void)
{
	return 1 +;
		//^ E0201
}

static int second(void)
{
	int = 3;
	  //^ E0201

	return 0;
}

SEC("xdp") int prog(struct xdp_md *ctx)
{
	return first() + second();
}

char LICENSE[] SEC("license") = "GPL";
