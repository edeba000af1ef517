// A congestion control of TCP, registered until it is deleted: `setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "bpfc_fixed", …)`.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 seen;

SEC("struct_ops/ssthresh")
__u32 BPF_PROG(fixed_ssthresh, struct sock *sk)
{
	return 2;
}

SEC("struct_ops/undo_cwnd")
__u32 BPF_PROG(fixed_undo_cwnd, struct sock *sk)
{
	return 10;
}

SEC("struct_ops/cong_avoid")
void BPF_PROG(fixed_cong_avoid, struct sock *sk, __u32 ack, __u32 acked)
{
	seen++;
}

SEC(".struct_ops")
struct tcp_congestion_ops fixed = {
	.ssthresh = (void *)fixed_ssthresh,
	.undo_cwnd = (void *)fixed_undo_cwnd,
	.cong_avoid = (void *)fixed_cong_avoid,
	.name = "bpfc_fixed",
};

char LICENSE[] SEC("license") = "GPL";
