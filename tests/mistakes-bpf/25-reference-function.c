// A socket is looked up and never given back.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __always_inline int has_listener(struct __sk_buff *skb, struct bpf_sock_tuple *tuple)
{
	struct bpf_sock *sk = bpf_sk_lookup_tcp(skb, tuple, sizeof(tuple->ipv4), BPF_F_CURRENT_NETNS, 0);

	if (!sk)
		return 0;
	return 1;
      //^^^^^^^^^ E0708: the socket is not given back on this path
}

SEC("tc")
int gate(struct __sk_buff *skb)
{
	struct bpf_sock_tuple tuple = {};

	tuple.ipv4.dport = 20480;
	return has_listener(skb, &tuple) ? 0 : 2;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| +	bpf_sk_release(sk);
