/* Registers at a probe. Each x86-64 register has its kernel name and its user-space name. */
#pragma once
#include <linux/types.h>
#if defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
    __u64 regs[31];
    __u64 sp;
    __u64 pc;
    __u64 pstate;
};
struct pt_regs {
    union {
        struct user_pt_regs user_regs;
        struct {
            __u64 regs[31];
            __u64 sp;
            __u64 pc;
            __u64 pstate;
        };
    };
    __u64 orig_x0;
    __s32 syscallno;
    __u32 unused2;
};
#else
struct pt_regs {
    unsigned long r15;
    unsigned long r14;
    unsigned long r13;
    unsigned long r12;
    union { unsigned long bp, rbp; };
    union { unsigned long bx, rbx; };
    unsigned long r11;
    unsigned long r10;
    unsigned long r9;
    unsigned long r8;
    union { unsigned long ax, rax; };
    union { unsigned long cx, rcx; };
    union { unsigned long dx, rdx; };
    union { unsigned long si, rsi; };
    union { unsigned long di, rdi; };
    union { unsigned long orig_ax, orig_rax; };
    union { unsigned long ip, rip; };
    unsigned long cs;
    union { unsigned long flags, eflags; };
    union { unsigned long sp, rsp; };
    unsigned long ss;
};
#endif
