//@ flags: --kernel=5.10,6.1,6.12
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("fentry/do_unlinkat")
int everywhere(void *ctx)
{
	return 0;
}

SEC("fexit/folio_mark_accessed")
int newer_function(void *ctx) //~ E0611: Linux 5.10 has no function `folio_mark_accessed`
//~^ note: Linux 6.1 and 6.12 have it
{
	return 0;
}

SEC("?fexit/folio_mark_accessed")
int optional(void *ctx)
{
	return 0;
}

SEC("fentry/do_unlinkatt")
int nowhere(void *ctx) //~ W0611: Linux 5.10, 6.1 and 6.12 have no BTF of function `do_unlinkatt`
{
	return 0;
}

SEC("?fentry/nf_conntrack:nf_conntrack_in")
int of_a_module(void *ctx)
{
	return 0;
}

SEC("lsm/bpf_token_create")
int hook(void *ctx) //~ E0611: Linux 5.10 and 6.1 have no LSM hook `bpf_token_create`
{
	return 0;
}

SEC("tp_btf/sched_switch")
int tracepoint(void *ctx)
{
	return 0;
}

SEC("tp/syscalls/sys_enter_openat2")
int system_call(void *ctx)
{
	return 0;
}

SEC("tp/syscalls/sys_enter_lsm_list_modules")
int newer_system_call(void *ctx) //~ E0611: Linux 5.10 and 6.1 have no tracepoint `syscalls/sys_enter_lsm_list_modules`
{
	return 0;
}

SEC("kprobe/folio_mark_accessed")
int probe(void *ctx) //~ W0611: Linux 5.10 has no BTF of function `folio_mark_accessed`
{
	return 0;
}

SEC("kprobe/some_assembly_function+8")
int unknown(void *ctx)
{
	return 0;
}
