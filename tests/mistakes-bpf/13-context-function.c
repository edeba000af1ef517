// The field is not for programs of this type.
//@ no-edit: which type of program is meant, nobody but the author knows
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __always_inline __u32 class_of(struct __sk_buff *skb)
{
	return skb->tc_classid;
             //^^^^^^^^^^^^^^^ E0710: context field `tc_classid` is not for programs of type `BPF_PROG_TYPE_SOCKET_FILTER`
}

#ifdef FIXED
SEC("tc")
#else
SEC("socket")
#endif
int filter(struct __sk_buff *skb)
{
	return class_of(skb) == 1 ? 0 : -1;
}

char LICENSE[] SEC("license") = "GPL";
