// Counts how often functions are called, by name.
//
//   bpfc run --kernel examples/tools/funccount.c --attach 'kprobe:vfs_*' --duration 5
//   bpfc run --kernel examples/tools/funccount.c --attach 'uprobe:c:str*' --duration 5
//   bpfc run --kernel examples/tools/funccount.c --attach 'kprobe:tcp_*' --watch --set target=1234

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

// A member `func` is shown as the name of the function at the address.
struct function {
	u64 func;
	u32 pid;
	u32 unused;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct function);
	__type(value, u64);
} calls SEC(".maps");

// Only this process, if it is not 0.
const volatile u32 target;

SEC("kprobe")
int on_call(struct pt_regs *ctx)
{
	struct function function = { .func = PT_REGS_IP(ctx) };
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	u64 one = 1, *count;

	if (target && pid != target)
		return 0;
	// Addresses of the kernel are the same in all processes.
	if (!(function.func >> 63))
		function.pid = pid;
	count = bpf_map_lookup_elem(&calls, &function);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&calls, &function, &one, BPF_NOEXIST);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
