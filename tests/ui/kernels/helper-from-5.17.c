//@ flags: --kernel=5.10,6.1
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

static const char name[] = "init";

SEC("tp_btf/sched_switch")
int unguarded(void *ctx)
{
	char comm[16];

	bpf_get_current_comm(comm, sizeof(comm));
	return bpf_strncmp(comm, sizeof(comm), name) & 0; //~ E0606: Linux 5.10 has no helper `bpf_strncmp`
	//~^ note: appeared in Linux 5.17
	//~^ help: bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_strncmp)
}

SEC("tp_btf/sched_switch")
int guarded(void *ctx)
{
	char comm[16];

	bpf_get_current_comm(comm, sizeof(comm));
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_strncmp))
		return bpf_strncmp(comm, sizeof(comm), name) & 0;
	return 0;
}

SEC("?tp_btf/sched_switch")
int optional(void *ctx)
{
	char comm[16];

	bpf_get_current_comm(comm, sizeof(comm));
	return bpf_strncmp(comm, sizeof(comm), name) & 0;
}
