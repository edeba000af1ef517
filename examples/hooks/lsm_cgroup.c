// A decision about security for the processes of a control group (6.0): 1 allows, 0 forbids.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 seen;

SEC("lsm_cgroup/socket_create")
int BPF_PROG(may_create, int family, int type, int protocol, int kern)
{
	seen++;
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
