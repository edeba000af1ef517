// The macro is made for another type of program.
//@ no-edit: the macro may be used by programs that may return this
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef FIXED
#define TRUNCATE(skb) return 1
#else
#define TRUNCATE(skb) return (skb)->len
#endif

SEC("cgroup_skb/ingress")
int gate(struct __sk_buff *skb)
{
	TRUNCATE(skb);
      //^^^^^^^^^^^^^^ E0709: the program returns a value that `BPF_PROG_TYPE_CGROUP_SKB` does not allow
}

char LICENSE[] SEC("license") = "GPL";
