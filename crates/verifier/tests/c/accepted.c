// Programs that the kernel accepts, each for a reason of its own.
#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/ptrace.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct event {
	__u32 pid;
	__u64 time;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct event);
} table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64[16]);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} perf SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, 4);
	__uint(value_size, 4);
} jumps SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} inner_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = { .values = { [0] = &inner_map } };

const volatile int enabled = 0;
const volatile __u32 limit = 7;
static __u64 total;
__u32 slots[32];
static const char format[] = "pid %d\n";

SEC("tracepoint/sched/sched_switch")
int submit_event(void *ctx)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return 0;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->time = bpf_ktime_get_ns();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	if (!event->pid) {
		bpf_ringbuf_discard(event, 0);
		return 0;
	}
	bpf_ringbuf_submit(event, 0);
	return 0;
}

SEC("kprobe/do_unlinkat")
int update_map(struct pt_regs *ctx)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct event fresh = {}, *old;

	old = bpf_map_lookup_elem(&table, &pid);
	if (old) {
		__sync_fetch_and_add(&old->time, 1);
		return 0;
	}
	fresh.pid = pid;
	bpf_get_current_comm(&fresh.comm, sizeof(fresh.comm));
	bpf_map_update_elem(&table, &pid, &fresh, BPF_NOEXIST);
	bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, &fresh, sizeof(fresh));
	return 0;
}

SEC("kprobe/do_unlinkat")
int read_string(struct pt_regs *ctx)
{
	char name[64];
	long n = bpf_probe_read_kernel_str(name, sizeof(name), (void *)PT_REGS_PARM2(ctx));

	if (n <= 0 || n > sizeof(name))
		return 0;
	bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, name, n);
	bpf_trace_printk(format, sizeof(format), (int)n);
	return 0;
}

SEC("xdp")
int parse_ip(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct tcphdr *tcp;
	__u32 n_bytes;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	n_bytes = ip->ihl * 4;
	if (n_bytes < sizeof(*ip))
		return XDP_PASS;
	tcp = (void *)ip + n_bytes;
	if (ip->protocol != 6 || (void *)(tcp + 1) > end)
		return XDP_PASS;
	return tcp->dest == bpf_htons(80) ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int sum_packet(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 sum = 0;

	for (int i = 0; i < 64; i++) {
		if (data + i + 1 > end)
			break;
		sum += data[i];
	}
	total += sum;
	return XDP_PASS;
}

SEC("tc")
int rewrite(struct __sk_buff *skb)
{
	void *data, *end;

	if (bpf_skb_pull_data(skb, 34))
		return TC_ACT_OK;
	data = (void *)(long)skb->data;
	end = (void *)(long)skb->data_end;
	if (data + 34 > end)
		return TC_ACT_OK;
	((struct iphdr *)(data + 14))->tos = 4;
	skb->mark = 7;
	return bpf_redirect(skb->ifindex, 0);
}

SEC("xdp")
int globals(struct xdp_md *ctx)
{
	__u32 queue = ctx->rx_queue_index, key = queue & 3;
	__u64 *row = bpf_map_lookup_elem(&counters, &key);

	if (!enabled)
		total++;
	else
		*(volatile int *)0 = 0;
	if (queue < 32)
		slots[queue]++;
	if (row)
		row[queue & limit]++;
	return XDP_PASS;
}

static __noinline int clamp(int value, int low, int high)
{
	if (value < low)
		return low;
	return value > high ? high : value;
}

SEC("xdp")
int static_function(struct xdp_md *ctx)
{
	int idx = clamp(ctx->rx_queue_index, 0, 31);

	slots[idx] = 1;
	return XDP_PASS;
}

__noinline int global_function(struct xdp_md *ctx, struct event *event, __u32 n)
{
	if (!event)
		return 0;
	event->pid = n;
	return ctx->rx_queue_index;
}

SEC("xdp")
int calls_global(struct xdp_md *ctx)
{
	struct event event = {};

	global_function(ctx, &event, 3);
	return event.pid ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int tail(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &jumps, 1);
	return XDP_PASS;
}

SEC("xdp")
int map_in_map(struct xdp_md *ctx)
{
	__u32 key = 0;
	void *map = bpf_map_lookup_elem(&outer, &key);
	__u64 *value;

	if (!map)
		return XDP_PASS;
	value = bpf_map_lookup_elem(map, &key);
	if (value)
		*value += 1;
	return XDP_PASS;
}

static long step(__u32 idx, __u32 *sum)
{
	*sum += idx;
	return 0;
}

SEC("xdp")
int callback(struct xdp_md *ctx)
{
	__u32 sum = 0;

	bpf_loop(10, step, &sum, 0);
	return sum ? XDP_PASS : XDP_DROP;
}

SEC("cgroup_skb/egress")
int verdict(struct __sk_buff *skb)
{
	return skb->len > 100;
}

SEC("cgroup/connect4")
int connect(struct bpf_sock_addr *ctx)
{
	if (ctx->user_port == bpf_htons(80))
		ctx->user_ip4 = bpf_htonl(0x7f000001);
	return 1;
}

SEC("sockops")
int ops(struct bpf_sock_ops *ctx)
{
	struct bpf_sock *sk = ctx->sk;

	if (sk && ctx->op == BPF_SOCK_OPS_TCP_CONNECT_CB)
		ctx->reply = sk->family;
	return 1;
}

SEC("tc")
int lookup_socket(struct __sk_buff *skb)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sk = bpf_sk_lookup_tcp(skb, &tuple, sizeof(tuple.ipv4), -1, 0);
	int state = 0;

	if (sk) {
		state = sk->state;
		bpf_sk_release(sk);
	}
	return state;
}

SEC("raw_tp/sched_switch")
int raw(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 task = ctx->args[1];
	__u32 pid = 0;

	bpf_probe_read_kernel(&pid, sizeof(pid), (void *)task);
	total += pid;
	return 0;
}

SEC("perf_event")
int sample(struct bpf_perf_event_data *ctx)
{
	total += ctx->sample_period;
	return 0;
}

SEC("xdp")
int many_branches(struct xdp_md *ctx)
{
	__u32 n = ctx->rx_queue_index, sum = 0;

	for (int i = 0; i < 6; i++) {
		if (n & (1u << i))
			sum += i * 3;
		else
			sum ^= i;
		asm volatile("" : "+r"(sum));
	}
	return sum & 1 ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int strings(struct xdp_md *ctx)
{
	char text[32] = "hello";
	__u64 hash = 5381;

	for (int i = 0; i < sizeof(text) && text[i]; i++)
		hash = hash * 33 + text[i];
	bpf_printk("%s %llu", text, hash);
	return XDP_PASS;
}
