// The result of a function may be anything.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __always_inline int classify(struct __sk_buff *skb)
{
	return skb->mark & 7;
}

SEC("cgroup_skb/ingress")
int gate(struct __sk_buff *skb)
{
	return classify(skb);
      //^^^^^^^^^^^^^^^^^^^^^ E0709: the program returns a value that `BPF_PROG_TYPE_CGROUP_SKB` does not allow
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -	return classify(skb);
//| +	return classify(skb) ? 1 : 0;
