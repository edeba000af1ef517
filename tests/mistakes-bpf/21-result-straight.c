// A cgroup program says 0 or 1.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("cgroup_skb/egress")
int gate(struct __sk_buff *skb)
{
	if (skb->len > 1500)
		return -1;
              //^^^^^^^^^^ E0709: the program returns a value that `BPF_PROG_TYPE_CGROUP_SKB` does not allow
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -		return -1;
//| +		return 0;
