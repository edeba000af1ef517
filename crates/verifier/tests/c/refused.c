// Programs that the kernel refuses, each for a mistake of its own.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/ptrace.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct row {
	__u64 cells[8];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct row);
} table SEC(".maps");

const volatile __u32 limit = 7;
__u32 slots[32];

SEC("xdp") // E0703
int null_in_function(struct xdp_md *ctx)
{
	__u32 key = 1;
	struct row *row = bpf_map_lookup_elem(&table, &key);

	row->cells[1]++;
	return XDP_PASS;
}

SEC("xdp") // E0703
int null_checked_once(struct xdp_md *ctx)
{
	__u32 key = 1;
	struct row *row = bpf_map_lookup_elem(&table, &key);

	if (row)
		row->cells[0]++;
	row = bpf_map_lookup_elem(&table, &key);
	row->cells[1]++;
	return XDP_PASS;
}

SEC("xdp") // E0702
int index_off_by_one(struct xdp_md *ctx)
{
	__u32 queue = ctx->rx_queue_index;

	if (queue <= 32)
		slots[queue]++;
	return XDP_PASS;
}

SEC("xdp") // E0704
int index_signed(struct xdp_md *ctx)
{
	__u32 key = 1;
	long idx = (int)ctx->rx_queue_index;
	struct row *row = bpf_map_lookup_elem(&table, &key);

	if (!row || idx > 7 || idx < -100)
		return XDP_PASS;
	row->cells[idx]++;
	return XDP_PASS;
}

SEC("xdp") // E0706
int packet_check_of_wrong_size(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + sizeof(struct ethhdr);

	if (data + sizeof(struct ethhdr) > end)
		return XDP_PASS;
	return ip->protocol;
}

SEC("tc") // E0745
int packet_after_pull(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;

	if (data + 34 > end)
		return TC_ACT_OK;
	bpf_skb_pull_data(skb, 0);
	return *(unsigned char *)data;
}

SEC("kprobe/do_unlinkat") // E0705
int kernel_pointer(struct pt_regs *ctx)
{
	return *(int *)PT_REGS_PARM2(ctx);
}

SEC("xdp") // E0708
int leak_on_error(struct xdp_md *ctx)
{
	__u64 *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return XDP_PASS;
	if (ctx->rx_queue_index == 3)
		return XDP_DROP;
	*event = 1;
	bpf_ringbuf_submit(event, 0);
	return XDP_PASS;
}

SEC("xdp") // E0702
int beyond_record(struct xdp_md *ctx)
{
	__u64 *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return XDP_PASS;
	event[1] = 1;
	bpf_ringbuf_submit(event, 0);
	return XDP_PASS;
}

SEC("cgroup_skb/egress") // E0709
int wrong_result(struct __sk_buff *skb)
{
	return skb->len;
}

SEC("cgroup/connect4") // E0710
int wrong_family(struct bpf_sock_addr *ctx)
{
	return ctx->user_ip6[0] == 0;
}

SEC("xdp") // E0705
int read_only_data(struct xdp_md *ctx)
{
	*(volatile __u32 *)&limit = ctx->rx_queue_index;
	return XDP_PASS;
}

SEC("xdp") // E0712
int no_progress(struct xdp_md *ctx)
{
	volatile __u32 i = 0;

	while (i < 10)
		asm volatile("");
	return XDP_PASS;
}

SEC("kprobe/do_unlinkat") // E0748
int size_unbounded(struct pt_regs *ctx)
{
	char name[64];

	bpf_probe_read_kernel(name, PT_REGS_PARM3(ctx), (void *)PT_REGS_PARM2(ctx));
	return name[0];
}

SEC("kprobe/do_unlinkat") // E0748
int size_too_large(struct pt_regs *ctx)
{
	char name[64];
	__u32 n = PT_REGS_PARM3(ctx);

	if (n > 128)
		return 0;
	bpf_probe_read_kernel(name, n, (void *)PT_REGS_PARM2(ctx));
	return name[0];
}

static __noinline int clamp(int value, int high)
{
	return value > high ? high : value;
}

SEC("xdp") // E0704
int negative_through_function(struct xdp_md *ctx)
{
	int idx = clamp(ctx->rx_queue_index, 31);

	slots[idx] = 1;
	return XDP_PASS;
}

__noinline int global_reader(__u64 *p)
{
	return p ? p[1] : 0;
}

SEC("xdp") // E0702
int calls_global(struct xdp_md *ctx)
{
	__u64 value[2] = {};

	return global_reader(value);
}

SEC("xdp") // E0707
int wrong_map(struct xdp_md *ctx)
{
	__u32 key = 0;

	return bpf_map_delete_elem(&events, &key);
}

SEC("xdp") // E0409
int wrong_helper(struct xdp_md *ctx)
{
	return bpf_get_current_pid_tgid() == bpf_get_attach_cookie(ctx);
}

SEC("tc") // E0708
int socket_leak(struct __sk_buff *skb)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sk = bpf_sk_lookup_tcp(skb, &tuple, sizeof(tuple.ipv4), -1, 0);

	return sk ? sk->state : 0;
}
