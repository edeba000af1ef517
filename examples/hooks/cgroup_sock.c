// Sockets of a control group: made, closed, bound. 1 allows it, 0 does not.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("cgroup/sock_create")
int sock_create(struct bpf_sock *sk)
{
	seen++;
	return 1;
}

SEC("cgroup/sock_release")
int sock_release(struct bpf_sock *sk)
{
	seen++;
	return 1;
}

SEC("cgroup/post_bind4")
int post_bind4(struct bpf_sock *sk)
{
	seen++;
	return 1;
}

SEC("cgroup/post_bind6")
int post_bind6(struct bpf_sock *sk)
{
	seen++;
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
