/* Registers at a probe, for each target. On x86-64 each has its kernel name and its user-space name. */
#pragma once
#include <linux/types.h>
#include <bpfc/target.h>
#ifndef __BPFC_REGISTERS__
#define __BPFC_REGISTERS__
#endif
#if defined(bpf_target_arm64)
struct user_pt_regs {
    __u64 regs[31];
    __u64 sp;
    __u64 pc;
    __u64 pstate;
} __BPFC_REGISTERS__;
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
} __BPFC_REGISTERS__;
#elif defined(bpf_target_arm)
struct pt_regs {
    unsigned long uregs[18];
} __BPFC_REGISTERS__;
#elif defined(bpf_target_riscv)
#define __BPFC_GENERAL__ \
    unsigned long ra, sp, gp, tp, t0, t1, t2, s0, s1, a0, a1, a2, a3, a4, a5, a6, a7, \
        s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, t3, t4, t5, t6;
struct user_regs_struct {
    unsigned long pc;
    __BPFC_GENERAL__
} __BPFC_REGISTERS__;
struct pt_regs {
    unsigned long epc;
    __BPFC_GENERAL__
    unsigned long status;
    unsigned long badaddr;
    unsigned long cause;
    unsigned long orig_a0;
} __BPFC_REGISTERS__;
#elif defined(bpf_target_s390)
typedef struct {
    unsigned long mask;
    unsigned long addr;
} __attribute__((aligned(8))) psw_t;
typedef struct {
    unsigned long args[1];
    psw_t psw;
    unsigned long gprs[16];
} user_pt_regs;
struct pt_regs {
    union {
        user_pt_regs user_regs;
        struct {
            unsigned long args[1];
            psw_t psw;
            unsigned long gprs[16];
        };
    };
    unsigned long orig_gpr2;
} __BPFC_REGISTERS__;
#elif defined(bpf_target_powerpc)
#define __BPFC_GENERAL__ \
    unsigned long gpr[32], nip, msr, orig_gpr3, ctr, link, xer, ccr, softe, trap, dar, dsisr, result;
struct user_pt_regs {
    __BPFC_GENERAL__
} __BPFC_REGISTERS__;
struct pt_regs {
    union {
        struct user_pt_regs user_regs;
        struct {
            __BPFC_GENERAL__
        };
    };
} __BPFC_REGISTERS__;
#elif defined(bpf_target_loongarch)
struct user_pt_regs {
    unsigned long regs[32];
    unsigned long orig_a0;
    unsigned long csr_era;
    unsigned long csr_badv;
    unsigned long reserved[10];
} __attribute__((aligned(8))) __BPFC_REGISTERS__;
struct pt_regs {
    unsigned long regs[32];
    unsigned long orig_a0;
    unsigned long csr_era;
    unsigned long csr_badvaddr;
    unsigned long csr_crmd;
    unsigned long csr_prmd;
    unsigned long csr_euen;
    unsigned long csr_ecfg;
    unsigned long csr_estat;
} __attribute__((aligned(8))) __BPFC_REGISTERS__;
#elif defined(bpf_target_mips)
struct pt_regs {
#ifdef __VMLINUX_H__
    unsigned long regs[32];
    unsigned long cp0_status;
    unsigned long hi;
    unsigned long lo;
    unsigned long cp0_badvaddr;
    unsigned long cp0_cause;
    unsigned long cp0_epc;
#else
    __u64 regs[32];
    __u64 lo;
    __u64 hi;
    __u64 cp0_epc;
    __u64 cp0_badvaddr;
    __u64 cp0_status;
    __u64 cp0_cause;
#endif
} __attribute__((aligned(8))) __BPFC_REGISTERS__;
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
} __BPFC_REGISTERS__;
#endif
