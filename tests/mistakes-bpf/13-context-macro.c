// The field may only be read.
//@ no-edit: a helper that changes the length says what is to happen to the data, too
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define SET_LENGTH(skb, n) ((skb)->len = (n))

SEC("tc")
int cut(struct __sk_buff *skb)
{
#ifdef FIXED
	bpf_skb_change_tail(skb, 64, 0);
#else
	SET_LENGTH(skb, 64);
      //^^^^^^^^^^^^^^^^^^^ E0710: context field `len` may only be read
#endif
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
