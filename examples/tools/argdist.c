// Shows how an argument or the result of a function is distributed: a histogram by powers of two.
//
//   bpfc run --kernel examples/tools/argdist.c --program on_call --attach kprobe:vfs_read --set argument=2 --duration 5
//   bpfc run --kernel examples/tools/argdist.c --program on_return --attach kretprobe:vfs_read --duration 5
//   bpfc run --kernel examples/tools/argdist.c --program on_call --attach uprobe:c:malloc --watch

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define N_SLOTS 64

// Slot n counts values of 2^n up to 2^(n+1) - 1, slot 0 those of 0 too.
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, N_SLOTS);
	__type(key, u32);
	__type(value, u64);
} values SEC(".maps") __attribute__((btf_decl_tag("bpfc:histogram")));

// Results below 0 are errors.
u64 errors;

// Which argument, from 0 to 4.
const volatile u32 argument;
// Only this process, if it is not 0.
const volatile u32 target;

static void count(u64 value)
{
	u32 slot = 63 - __builtin_clzll(value | 1);
	u64 *n = bpf_map_lookup_elem(&values, &slot);

	if (n)
		__sync_fetch_and_add(n, 1);
}

static bool is_wanted(void)
{
	return !target || bpf_get_current_pid_tgid() >> 32 == target;
}

SEC("kprobe")
int on_call(struct pt_regs *ctx)
{
	if (!is_wanted())
		return 0;
	switch (argument) {
	case 0:
		count(PT_REGS_PARM1(ctx));
		break;
	case 1:
		count(PT_REGS_PARM2(ctx));
		break;
	case 2:
		count(PT_REGS_PARM3(ctx));
		break;
	case 3:
		count(PT_REGS_PARM4(ctx));
		break;
	case 4:
		count(PT_REGS_PARM5(ctx));
		break;
	}
	return 0;
}

SEC("kretprobe")
int on_return(struct pt_regs *ctx)
{
	s64 result = PT_REGS_RC(ctx);

	if (!is_wanted())
		return 0;
	if (result < 0)
		__sync_fetch_and_add(&errors, 1);
	else
		count(result);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
