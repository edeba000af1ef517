// Programs of several types, and how they are written.
#include <uapi/linux/ptrace.h>
#include <linux/sched.h>

// BCC behaviour 4
int allows(struct bpf_sockopt *ctx) { return ctx->optname != 1; }

// BCC behaviour 21
LSM_PROBE(bpf, int command, union bpf_attr *attr, unsigned int size) { return command == 99 ? -1 : 0; }

// BCC behaviour 25: a struct that is the key, counted in place.
struct pair { u32 before; u32 after; };
BPF_HASH(pairs, struct pair, u64, 64);
int counts_switches(struct pt_regs *ctx, struct task_struct *before)
{
	struct pair key = {};
	u64 zero = 0, *n;
	key.after = bpf_get_current_pid_tgid();
	key.before = before->pid;
	n = pairs.lookup_or_try_init(&key, &zero);
	if (n)
		(*n)++;
	return 0;
}

// BCC behaviour 41: what the command line defines.
#ifndef MYFLAG
#error "-D is lost"
#endif

// BCC behaviour 60: a function of the program's own need not be static.
int helps(u32 n) { return n * 2; }
int is_helped(struct pt_regs *ctx, u32 n) { return helps(n); }

// BCC behaviour 84: a switch of many cases, without tables of addresses; numbers of the kernel's macros.
BPF_PERCPU_ARRAY(slots, u64, 128);
int many_cases(struct pt_regs *ctx, u64 nanoseconds, int kind)
{
	u64 base, slot = min_t(u64, div_u64(nanoseconds, 1000), 15);
	switch (kind) {
	case 0: base = 0; break;
	case 1: base = 16; break;
	case 2: base = 32; break;
	case 3: base = 48; break;
	case 4: base = 64; break;
	case 5: base = 80; break;
	case 6: base = 96; break;
	default: base = 112; break;
	}
	slots.increment(base + slot);
	return 0;
}

// The others about the compiler: what is undeclared is licensed under the GPL, the record says how long it is.
BPF_PERF_OUTPUT(events);
int submits(struct pt_regs *ctx)
{
	struct pair pair = {1, 2};
	events.perf_submit(ctx, &pair, sizeof(pair));
	return 0;
}

// Keys of histograms that are made where they are counted.
BPF_HISTOGRAM(by_pair, struct pair);
BPF_HISTOGRAM(by_number);
int counts_pairs(struct pt_regs *ctx, u32 n)
{
	by_pair.increment((struct pair){.before = n, .after = bpf_log2l(n)});
	by_number.increment(bpf_log2(n));
	return 0;
}

// Text of tracepoints that is elsewhere in the record.
TRACEPOINT_PROBE(sched, sched_process_exec)
{
	char name[64] = {}, again[64] = {};
	TP_DATA_LOC_READ_CONST(name, filename, 64);
	TP_DATA_LOC_READ_STR(again, filename, sizeof(again));
	return name[0] == again[0];
}

// What programs are is found in what they call, where their contexts do not say it.
struct traffic { u64 n_packets; };
BPF_CGROUP_STORAGE(traffic, struct traffic);
int counts_in_cgroup(struct __sk_buff *skb)
{
	struct traffic *here = traffic.get_local_storage(0);
	here->n_packets++;
	return 1;
}
int pulls(void *ctx) { return bpf_skb_pull_data(ctx, 14); }
int adjusts(void *ctx) { return bpf_xdp_adjust_head(ctx, 0) ? 1 : 2; }
