//@ flags: --kernel=5.4,5.10,6.1,6.12
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps"); //~ E0608: Linux 5.4 has no maps of type `BPF_MAP_TYPE_RINGBUF`
//~^ note: appeared in Linux 5.8

struct {
	__uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
	__type(value, int);
	__uint(max_entries, 16);
} seen SEC(".maps"); //~ E0608: Linux 5.4 and 5.10 have no maps of type `BPF_MAP_TYPE_BLOOM_FILTER`

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 16);
} arena SEC(".maps"); //~ E0608: Linux 5.4, 5.10 and 6.1 have no maps of type `BPF_MAP_TYPE_ARENA`

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, int);
	__type(value, int);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 16);
} mapped SEC(".maps"); //~ E0608: Linux 5.4 has no map flag `BPF_F_MMAPABLE`

long counter;

SEC("xdp.frags")
int frags(struct xdp_md *ctx) //~ E0613: Linux 5.4 and 5.10 have no multi-buffer XDP //~ E0610: Linux 5.4 has no attach type `BPF_XDP`
{
	long old = __sync_fetch_and_add(&counter, 1); //~ E0612: Linux 5.4 and 5.10 have no instruction

	return old ? XDP_PASS : XDP_DROP;
}

SEC("netfilter")
int netfilter(void *ctx) //~ E0609: Linux 5.4, 5.10 and 6.1 have no programs of type `BPF_PROG_TYPE_NETFILTER`
{
	return 1;
}

SEC("kprobe.multi/tcp_*")
int multi(void *ctx) //~ E0610: Linux 5.4 and 5.10 have no attach type `BPF_TRACE_KPROBE_MULTI`
{
	return 0;
}

SEC("tcx/ingress")
int tcx(struct __sk_buff *skb) //~ E0610: Linux 5.4, 5.10 and 6.1 have no attach type `BPF_TCX_INGRESS`
{
	return 0;
}

SEC("tc/ingress")
int tc(struct __sk_buff *skb)
{
	return 0;
}
