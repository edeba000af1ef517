/* The context of perf event programs. */
#pragma once
#include <linux/types.h>
#include <asm/ptrace.h>
#if defined(__TARGET_ARCH_arm64)
typedef struct user_pt_regs bpf_user_pt_regs_t;
#else
typedef struct pt_regs bpf_user_pt_regs_t;
#endif
struct bpf_perf_event_data {
    bpf_user_pt_regs_t regs;
    __u64 sample_period;
    __u64 addr;
};
