/* The context of perf event programs. */
#pragma once
#include <linux/types.h>
#include <asm/ptrace.h>
#if defined(bpf_target_arm64) || defined(bpf_target_loongarch) || defined(bpf_target_powerpc)
typedef struct user_pt_regs bpf_user_pt_regs_t;
#elif defined(bpf_target_riscv)
typedef struct user_regs_struct bpf_user_pt_regs_t;
#elif defined(bpf_target_s390)
typedef user_pt_regs bpf_user_pt_regs_t;
#else
typedef struct pt_regs bpf_user_pt_regs_t;
#endif
struct bpf_perf_event_data {
    bpf_user_pt_regs_t regs;
    __u64 sample_period;
    __u64 addr;
};
