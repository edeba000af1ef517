/* A congestion control of TCP, whose struct has the members that it sets and no others. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct sock;
struct tcp_sock { __u32 snd_cwnd; __u32 snd_ssthresh; } __attribute__((preserve_access_index));
struct ack_sample;
struct rate_sample;
enum tcp_ca_event { CA_EVENT_TX_START };
struct tcp_congestion_ops {
	__u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
	void (*init)(struct sock *sk);
	__u32 (*undo_cwnd)(struct sock *sk);
	__u32 flags;
	char name[16];
};

__u64 n_inits;

SEC("struct_ops/bpfc_init")
void BPF_PROG(bpfc_init, struct sock *sk) { n_inits++; }

SEC("struct_ops/bpfc_ssthresh")
__u32 BPF_PROG(bpfc_ssthresh, struct sock *sk) { return ((struct tcp_sock *)sk)->snd_ssthresh; }

SEC("struct_ops/bpfc_cong_avoid")
void BPF_PROG(bpfc_cong_avoid, struct sock *sk, __u32 ack, __u32 acked) { }

SEC("struct_ops/bpfc_undo_cwnd")
__u32 BPF_PROG(bpfc_undo_cwnd, struct sock *sk) { return ((struct tcp_sock *)sk)->snd_cwnd; }

SEC(".struct_ops")
struct tcp_congestion_ops bpfc_cong = {
	.init = (void *)bpfc_init,
	.ssthresh = (void *)bpfc_ssthresh,
	.cong_avoid = (void *)bpfc_cong_avoid,
	.undo_cwnd = (void *)bpfc_undo_cwnd,
	.name = "bpfc_cong",
};
char LICENSE[] SEC("license") = "GPL";
