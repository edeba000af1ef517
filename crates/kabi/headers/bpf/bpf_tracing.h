/* Arguments of probes: registers by name and by number, and functions with typed parameters. */
#pragma once
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpfc/target.h>

struct pt_regs;

/* Which register holds what, by the calling conventions of each architecture. */
#if defined(bpf_target_x86)
#define __PT_PARM1_REG di
#define __PT_PARM2_REG si
#define __PT_PARM3_REG dx
#define __PT_PARM4_REG cx
#define __PT_PARM5_REG r8
#define __PT_PARM6_REG r9
#define __PT_PARM7_REG __unsupported__
#define __PT_PARM8_REG __unsupported__
#define __PT_PARM1_SYSCALL_REG __PT_PARM1_REG
#define __PT_PARM2_SYSCALL_REG __PT_PARM2_REG
#define __PT_PARM3_SYSCALL_REG __PT_PARM3_REG
#define __PT_PARM4_SYSCALL_REG r10
#define __PT_PARM5_SYSCALL_REG __PT_PARM5_REG
#define __PT_PARM6_SYSCALL_REG __PT_PARM6_REG
#define __PT_PARM7_SYSCALL_REG __unsupported__
#define __PT_RET_REG sp
#define __PT_FP_REG bp
#define __PT_RC_REG ax
#define __PT_SP_REG sp
#define __PT_IP_REG ip
#elif defined(bpf_target_arm64)
#define __PT_REGS_CAST(x) ((const struct user_pt_regs *)(x))
#define __PT_PARM1_REG regs[0]
#define __PT_PARM2_REG regs[1]
#define __PT_PARM3_REG regs[2]
#define __PT_PARM4_REG regs[3]
#define __PT_PARM5_REG regs[4]
#define __PT_PARM6_REG regs[5]
#define __PT_PARM7_REG regs[6]
#define __PT_PARM8_REG regs[7]
#define __PT_PARM1_SYSCALL_REG orig_x0
#define __PT_PARM2_SYSCALL_REG __PT_PARM2_REG
#define __PT_PARM3_SYSCALL_REG __PT_PARM3_REG
#define __PT_PARM4_SYSCALL_REG __PT_PARM4_REG
#define __PT_PARM5_SYSCALL_REG __PT_PARM5_REG
#define __PT_PARM6_SYSCALL_REG __PT_PARM6_REG
#define __PT_PARM7_SYSCALL_REG __unsupported__
#define __PT_RET_REG regs[30]
#define __PT_FP_REG regs[29]
#define __PT_RC_REG regs[0]
#define __PT_SP_REG sp
#define __PT_IP_REG pc
struct pt_regs___arm64 {
    unsigned long orig_x0;
} __attribute__((preserve_access_index));
#define PT_REGS_PARM1_SYSCALL(x) (((const struct pt_regs___arm64 *)(x))->orig_x0)
#define PT_REGS_PARM1_CORE_SYSCALL(x) BPF_CORE_READ((const struct pt_regs___arm64 *)(x), orig_x0)
#define BPF_KPROBE_READ_RET_IP(ip, ctx) ({ (ip) = PT_REGS_RET(ctx); })
#define BPF_KRETPROBE_READ_RET_IP BPF_KPROBE_READ_RET_IP
#elif defined(bpf_target_arm)
#define __PT_PARM1_REG uregs[0]
#define __PT_PARM2_REG uregs[1]
#define __PT_PARM3_REG uregs[2]
#define __PT_PARM4_REG uregs[3]
#define __PT_PARM5_REG __unsupported__
#define __PT_PARM6_REG __unsupported__
#define __PT_PARM7_REG __unsupported__
#define __PT_PARM8_REG __unsupported__
#define __PT_PARM1_SYSCALL_REG __PT_PARM1_REG
#define __PT_PARM2_SYSCALL_REG __PT_PARM2_REG
#define __PT_PARM3_SYSCALL_REG __PT_PARM3_REG
#define __PT_PARM4_SYSCALL_REG __PT_PARM4_REG
#define __PT_PARM5_SYSCALL_REG uregs[4]
#define __PT_PARM6_SYSCALL_REG uregs[5]
#define __PT_PARM7_SYSCALL_REG uregs[6]
#define __PT_RET_REG uregs[14]
#define __PT_FP_REG uregs[11]
#define __PT_RC_REG uregs[0]
#define __PT_SP_REG uregs[13]
#define __PT_IP_REG uregs[12]
#elif defined(bpf_target_riscv)
#define __PT_REGS_CAST(x) ((const struct user_regs_struct *)(x))
#define __PT_PARM1_REG a0
#define __PT_PARM2_REG a1
#define __PT_PARM3_REG a2
#define __PT_PARM4_REG a3
#define __PT_PARM5_REG a4
#define __PT_PARM6_REG a5
#define __PT_PARM7_REG a6
#define __PT_PARM8_REG a7
#define __PT_PARM1_SYSCALL_REG orig_a0
#define __PT_PARM2_SYSCALL_REG __PT_PARM2_REG
#define __PT_PARM3_SYSCALL_REG __PT_PARM3_REG
#define __PT_PARM4_SYSCALL_REG __PT_PARM4_REG
#define __PT_PARM5_SYSCALL_REG __PT_PARM5_REG
#define __PT_PARM6_SYSCALL_REG __PT_PARM6_REG
#define __PT_PARM7_SYSCALL_REG __unsupported__
#define __PT_RET_REG ra
#define __PT_FP_REG s0
#define __PT_RC_REG a0
#define __PT_SP_REG sp
#define __PT_IP_REG pc
struct pt_regs___riscv {
    unsigned long orig_a0;
} __attribute__((preserve_access_index));
#define PT_REGS_PARM1_SYSCALL(x) (((const struct pt_regs___riscv *)(x))->orig_a0)
#define PT_REGS_PARM1_CORE_SYSCALL(x) BPF_CORE_READ((const struct pt_regs___riscv *)(x), orig_a0)
#elif defined(bpf_target_s390)
#define __PT_REGS_CAST(x) ((const user_pt_regs *)(x))
#define __PT_PARM1_REG gprs[2]
#define __PT_PARM2_REG gprs[3]
#define __PT_PARM3_REG gprs[4]
#define __PT_PARM4_REG gprs[5]
#define __PT_PARM5_REG gprs[6]
#define __PT_PARM6_REG __unsupported__
#define __PT_PARM7_REG __unsupported__
#define __PT_PARM8_REG __unsupported__
#define __PT_PARM1_SYSCALL_REG orig_gpr2
#define __PT_PARM2_SYSCALL_REG __PT_PARM2_REG
#define __PT_PARM3_SYSCALL_REG __PT_PARM3_REG
#define __PT_PARM4_SYSCALL_REG __PT_PARM4_REG
#define __PT_PARM5_SYSCALL_REG __PT_PARM5_REG
#define __PT_PARM6_SYSCALL_REG gprs[7]
#define __PT_PARM7_SYSCALL_REG __unsupported__
#define __PT_RET_REG gprs[14]
#define __PT_FP_REG gprs[11]
#define __PT_RC_REG gprs[2]
#define __PT_SP_REG gprs[15]
#define __PT_IP_REG psw.addr
struct pt_regs___s390 {
    unsigned long orig_gpr2;
} __attribute__((preserve_access_index));
#define PT_REGS_PARM1_SYSCALL(x) (((const struct pt_regs___s390 *)(x))->orig_gpr2)
#define PT_REGS_PARM1_CORE_SYSCALL(x) BPF_CORE_READ((const struct pt_regs___s390 *)(x), orig_gpr2)
#elif defined(bpf_target_powerpc)
#define __PT_PARM1_REG gpr[3]
#define __PT_PARM2_REG gpr[4]
#define __PT_PARM3_REG gpr[5]
#define __PT_PARM4_REG gpr[6]
#define __PT_PARM5_REG gpr[7]
#define __PT_PARM6_REG gpr[8]
#define __PT_PARM7_REG gpr[9]
#define __PT_PARM8_REG gpr[10]
#define __PT_PARM1_SYSCALL_REG orig_gpr3
#define __PT_PARM2_SYSCALL_REG __PT_PARM2_REG
#define __PT_PARM3_SYSCALL_REG __PT_PARM3_REG
#define __PT_PARM4_SYSCALL_REG __PT_PARM4_REG
#define __PT_PARM5_SYSCALL_REG __PT_PARM5_REG
#define __PT_PARM6_SYSCALL_REG __PT_PARM6_REG
#define __PT_PARM7_SYSCALL_REG __PT_PARM7_REG
#define __PT_RET_REG regs[31]
#define __PT_FP_REG __unsupported__
#define __PT_RC_REG gpr[3]
#define __PT_SP_REG gpr[1]
#define __PT_IP_REG nip
#define PT_REGS_SYSCALL_REGS(ctx) ctx
#define BPF_KPROBE_READ_RET_IP(ip, ctx) ({ (ip) = (ctx)->link; })
#define BPF_KRETPROBE_READ_RET_IP BPF_KPROBE_READ_RET_IP
#elif defined(bpf_target_loongarch)
#define __PT_REGS_CAST(x) ((const struct user_pt_regs *)(x))
#define __PT_PARM1_REG regs[4]
#define __PT_PARM2_REG regs[5]
#define __PT_PARM3_REG regs[6]
#define __PT_PARM4_REG regs[7]
#define __PT_PARM5_REG regs[8]
#define __PT_PARM6_REG regs[9]
#define __PT_PARM7_REG regs[10]
#define __PT_PARM8_REG regs[11]
#define __PT_PARM1_SYSCALL_REG __PT_PARM1_REG
#define __PT_PARM2_SYSCALL_REG __PT_PARM2_REG
#define __PT_PARM3_SYSCALL_REG __PT_PARM3_REG
#define __PT_PARM4_SYSCALL_REG __PT_PARM4_REG
#define __PT_PARM5_SYSCALL_REG __PT_PARM5_REG
#define __PT_PARM6_SYSCALL_REG __PT_PARM6_REG
#define __PT_PARM7_SYSCALL_REG __unsupported__
#define __PT_RET_REG regs[1]
#define __PT_FP_REG regs[22]
#define __PT_RC_REG regs[4]
#define __PT_SP_REG regs[3]
#define __PT_IP_REG csr_era
#define PT_REGS_SYSCALL_REGS(ctx) ctx
#elif defined(bpf_target_mips)
#define __PT_PARM1_REG regs[4]
#define __PT_PARM2_REG regs[5]
#define __PT_PARM3_REG regs[6]
#define __PT_PARM4_REG regs[7]
#define __PT_PARM5_REG regs[8]
#define __PT_PARM6_REG regs[9]
#define __PT_PARM7_REG regs[10]
#define __PT_PARM8_REG regs[11]
#define __PT_PARM1_SYSCALL_REG __PT_PARM1_REG
#define __PT_PARM2_SYSCALL_REG __PT_PARM2_REG
#define __PT_PARM3_SYSCALL_REG __PT_PARM3_REG
#define __PT_PARM4_SYSCALL_REG __PT_PARM4_REG
#define __PT_PARM5_SYSCALL_REG __PT_PARM5_REG
#define __PT_PARM6_SYSCALL_REG __PT_PARM6_REG
#define __PT_PARM7_SYSCALL_REG __unsupported__
#define __PT_RET_REG regs[31]
#define __PT_FP_REG regs[30]
#define __PT_RC_REG regs[2]
#define __PT_SP_REG regs[29]
#define __PT_IP_REG cp0_epc
#endif
#ifndef __PT_REGS_CAST
#define __PT_REGS_CAST(x) (x)
#endif

#define PT_REGS_PARM1(x) (__PT_REGS_CAST(x)->__PT_PARM1_REG)
#define PT_REGS_PARM2(x) (__PT_REGS_CAST(x)->__PT_PARM2_REG)
#define PT_REGS_PARM3(x) (__PT_REGS_CAST(x)->__PT_PARM3_REG)
#define PT_REGS_PARM4(x) (__PT_REGS_CAST(x)->__PT_PARM4_REG)
#define PT_REGS_PARM5(x) (__PT_REGS_CAST(x)->__PT_PARM5_REG)
#define PT_REGS_PARM6(x) (__PT_REGS_CAST(x)->__PT_PARM6_REG)
#define PT_REGS_PARM7(x) (__PT_REGS_CAST(x)->__PT_PARM7_REG)
#define PT_REGS_PARM8(x) (__PT_REGS_CAST(x)->__PT_PARM8_REG)
#define PT_REGS_RET(x) (__PT_REGS_CAST(x)->__PT_RET_REG)
#define PT_REGS_FP(x) (__PT_REGS_CAST(x)->__PT_FP_REG)
#define PT_REGS_RC(x) (__PT_REGS_CAST(x)->__PT_RC_REG)
#define PT_REGS_SP(x) (__PT_REGS_CAST(x)->__PT_SP_REG)
#define PT_REGS_IP(x) (__PT_REGS_CAST(x)->__PT_IP_REG)
#define PT_REGS_PARM1_CORE(x) BPF_CORE_READ(__PT_REGS_CAST(x), __PT_PARM1_REG)
#define PT_REGS_PARM2_CORE(x) BPF_CORE_READ(__PT_REGS_CAST(x), __PT_PARM2_REG)
#define PT_REGS_PARM3_CORE(x) BPF_CORE_READ(__PT_REGS_CAST(x), __PT_PARM3_REG)
#define PT_REGS_PARM4_CORE(x) BPF_CORE_READ(__PT_REGS_CAST(x), __PT_PARM4_REG)
#define PT_REGS_PARM5_CORE(x) BPF_CORE_READ(__PT_REGS_CAST(x), __PT_PARM5_REG)
#define PT_REGS_PARM6_CORE(x) BPF_CORE_READ(__PT_REGS_CAST(x), __PT_PARM6_REG)
#define PT_REGS_PARM7_CORE(x) BPF_CORE_READ(__PT_REGS_CAST(x), __PT_PARM7_REG)
#define PT_REGS_PARM8_CORE(x) BPF_CORE_READ(__PT_REGS_CAST(x), __PT_PARM8_REG)
#define PT_REGS_RET_CORE(x) BPF_CORE_READ(__PT_REGS_CAST(x), __PT_RET_REG)
#define PT_REGS_FP_CORE(x) BPF_CORE_READ(__PT_REGS_CAST(x), __PT_FP_REG)
#define PT_REGS_RC_CORE(x) BPF_CORE_READ(__PT_REGS_CAST(x), __PT_RC_REG)
#define PT_REGS_SP_CORE(x) BPF_CORE_READ(__PT_REGS_CAST(x), __PT_SP_REG)
#define PT_REGS_IP_CORE(x) BPF_CORE_READ(__PT_REGS_CAST(x), __PT_IP_REG)
#ifndef PT_REGS_PARM1_SYSCALL
#define PT_REGS_PARM1_SYSCALL(x) (__PT_REGS_CAST(x)->__PT_PARM1_SYSCALL_REG)
#define PT_REGS_PARM1_CORE_SYSCALL(x) BPF_CORE_READ(__PT_REGS_CAST(x), __PT_PARM1_SYSCALL_REG)
#endif
#define PT_REGS_PARM2_SYSCALL(x) (__PT_REGS_CAST(x)->__PT_PARM2_SYSCALL_REG)
#define PT_REGS_PARM2_CORE_SYSCALL(x) BPF_CORE_READ(__PT_REGS_CAST(x), __PT_PARM2_SYSCALL_REG)
#define PT_REGS_PARM3_SYSCALL(x) (__PT_REGS_CAST(x)->__PT_PARM3_SYSCALL_REG)
#define PT_REGS_PARM3_CORE_SYSCALL(x) BPF_CORE_READ(__PT_REGS_CAST(x), __PT_PARM3_SYSCALL_REG)
#define PT_REGS_PARM4_SYSCALL(x) (__PT_REGS_CAST(x)->__PT_PARM4_SYSCALL_REG)
#define PT_REGS_PARM4_CORE_SYSCALL(x) BPF_CORE_READ(__PT_REGS_CAST(x), __PT_PARM4_SYSCALL_REG)
#define PT_REGS_PARM5_SYSCALL(x) (__PT_REGS_CAST(x)->__PT_PARM5_SYSCALL_REG)
#define PT_REGS_PARM5_CORE_SYSCALL(x) BPF_CORE_READ(__PT_REGS_CAST(x), __PT_PARM5_SYSCALL_REG)
#define PT_REGS_PARM6_SYSCALL(x) (__PT_REGS_CAST(x)->__PT_PARM6_SYSCALL_REG)
#define PT_REGS_PARM6_CORE_SYSCALL(x) BPF_CORE_READ(__PT_REGS_CAST(x), __PT_PARM6_SYSCALL_REG)
#define PT_REGS_PARM7_SYSCALL(x) (__PT_REGS_CAST(x)->__PT_PARM7_SYSCALL_REG)
#define PT_REGS_PARM7_CORE_SYSCALL(x) BPF_CORE_READ(__PT_REGS_CAST(x), __PT_PARM7_SYSCALL_REG)

/* With a syscall wrapper the arguments are in registers that the first register points at. */
#ifndef PT_REGS_SYSCALL_REGS
#ifdef BPFC_NO_SYSCALL_WRAPPER
#define PT_REGS_SYSCALL_REGS(ctx) ctx
#else
#define PT_REGS_SYSCALL_REGS(ctx) ((struct pt_regs *)PT_REGS_PARM1(ctx))
#endif
#endif
#ifndef BPF_KPROBE_READ_RET_IP
#define BPF_KPROBE_READ_RET_IP(ip, ctx) \
    ({ bpf_probe_read_kernel(&(ip), sizeof(ip), (void *)PT_REGS_RET(ctx)); })
#define BPF_KRETPROBE_READ_RET_IP(ip, ctx) \
    ({ bpf_probe_read_kernel(&(ip), sizeof(ip), (void *)(PT_REGS_FP(ctx) + sizeof(ip))); })
#endif

/* The context as arguments. Each is cast to `void *` and then converted to its parameter's type. */
#define ___bpf_ctx_cast0() ctx
#define ___bpf_ctx_cast1(x) ___bpf_ctx_cast0(), (void *)ctx[0]
#define ___bpf_ctx_cast2(x, args...) ___bpf_ctx_cast1(args), (void *)ctx[1]
#define ___bpf_ctx_cast3(x, args...) ___bpf_ctx_cast2(args), (void *)ctx[2]
#define ___bpf_ctx_cast4(x, args...) ___bpf_ctx_cast3(args), (void *)ctx[3]
#define ___bpf_ctx_cast5(x, args...) ___bpf_ctx_cast4(args), (void *)ctx[4]
#define ___bpf_ctx_cast6(x, args...) ___bpf_ctx_cast5(args), (void *)ctx[5]
#define ___bpf_ctx_cast7(x, args...) ___bpf_ctx_cast6(args), (void *)ctx[6]
#define ___bpf_ctx_cast8(x, args...) ___bpf_ctx_cast7(args), (void *)ctx[7]
#define ___bpf_ctx_cast9(x, args...) ___bpf_ctx_cast8(args), (void *)ctx[8]
#define ___bpf_ctx_cast10(x, args...) ___bpf_ctx_cast9(args), (void *)ctx[9]
#define ___bpf_ctx_cast11(x, args...) ___bpf_ctx_cast10(args), (void *)ctx[10]
#define ___bpf_ctx_cast12(x, args...) ___bpf_ctx_cast11(args), (void *)ctx[11]
#define ___bpf_ctx_cast(args...) ___bpf_apply(___bpf_ctx_cast, ___bpf_narg(args))(args)

#define ___bpf_kprobe_args0() ctx
#define ___bpf_kprobe_args1(x) ___bpf_kprobe_args0(), (void *)PT_REGS_PARM1(ctx)
#define ___bpf_kprobe_args2(x, args...) ___bpf_kprobe_args1(args), (void *)PT_REGS_PARM2(ctx)
#define ___bpf_kprobe_args3(x, args...) ___bpf_kprobe_args2(args), (void *)PT_REGS_PARM3(ctx)
#define ___bpf_kprobe_args4(x, args...) ___bpf_kprobe_args3(args), (void *)PT_REGS_PARM4(ctx)
#define ___bpf_kprobe_args5(x, args...) ___bpf_kprobe_args4(args), (void *)PT_REGS_PARM5(ctx)
#define ___bpf_kprobe_args6(x, args...) ___bpf_kprobe_args5(args), (void *)PT_REGS_PARM6(ctx)
#define ___bpf_kprobe_args7(x, args...) ___bpf_kprobe_args6(args), (void *)PT_REGS_PARM7(ctx)
#define ___bpf_kprobe_args8(x, args...) ___bpf_kprobe_args7(args), (void *)PT_REGS_PARM8(ctx)
#define ___bpf_kprobe_args(args...) ___bpf_apply(___bpf_kprobe_args, ___bpf_narg(args))(args)

#define ___bpf_kretprobe_args0() ctx
#define ___bpf_kretprobe_args1(x) ___bpf_kretprobe_args0(), (void *)PT_REGS_RC(ctx)
#define ___bpf_kretprobe_args(args...) ___bpf_apply(___bpf_kretprobe_args, ___bpf_narg(args))(args)

#define ___bpf_syscall_args0() ctx
#define ___bpf_syscall_args1(x) ___bpf_syscall_args0(), (void *)PT_REGS_PARM1_SYSCALL(regs)
#define ___bpf_syscall_args2(x, args...) ___bpf_syscall_args1(args), (void *)PT_REGS_PARM2_SYSCALL(regs)
#define ___bpf_syscall_args3(x, args...) ___bpf_syscall_args2(args), (void *)PT_REGS_PARM3_SYSCALL(regs)
#define ___bpf_syscall_args4(x, args...) ___bpf_syscall_args3(args), (void *)PT_REGS_PARM4_SYSCALL(regs)
#define ___bpf_syscall_args5(x, args...) ___bpf_syscall_args4(args), (void *)PT_REGS_PARM5_SYSCALL(regs)
#define ___bpf_syscall_args6(x, args...) ___bpf_syscall_args5(args), (void *)PT_REGS_PARM6_SYSCALL(regs)
#define ___bpf_syscall_args7(x, args...) ___bpf_syscall_args6(args), (void *)PT_REGS_PARM7_SYSCALL(regs)
#define ___bpf_syscall_args(args...) ___bpf_apply(___bpf_syscall_args, ___bpf_narg(args))(args)

#define ___bpf_syswrap_args0() ctx
#define ___bpf_syswrap_args1(x) ___bpf_syswrap_args0(), (void *)PT_REGS_PARM1_CORE_SYSCALL(regs)
#define ___bpf_syswrap_args2(x, args...) ___bpf_syswrap_args1(args), (void *)PT_REGS_PARM2_CORE_SYSCALL(regs)
#define ___bpf_syswrap_args3(x, args...) ___bpf_syswrap_args2(args), (void *)PT_REGS_PARM3_CORE_SYSCALL(regs)
#define ___bpf_syswrap_args4(x, args...) ___bpf_syswrap_args3(args), (void *)PT_REGS_PARM4_CORE_SYSCALL(regs)
#define ___bpf_syswrap_args5(x, args...) ___bpf_syswrap_args4(args), (void *)PT_REGS_PARM5_CORE_SYSCALL(regs)
#define ___bpf_syswrap_args6(x, args...) ___bpf_syswrap_args5(args), (void *)PT_REGS_PARM6_CORE_SYSCALL(regs)
#define ___bpf_syswrap_args7(x, args...) ___bpf_syswrap_args6(args), (void *)PT_REGS_PARM7_CORE_SYSCALL(regs)
#define ___bpf_syswrap_args(args...) ___bpf_apply(___bpf_syswrap_args, ___bpf_narg(args))(args)

/* Programs whose bodies see typed parameters. The conversions of the arguments are meant. */

/* fentry, fexit, fmod_ret, lsm, tp_btf, raw_tp, struct_ops. */
#define BPF_PROG(name, args...)                                                    \
    name(unsigned long long *ctx);                                                 \
    static __always_inline __typeof__(name(0)) ____##name(unsigned long long *ctx, ##args); \
    __typeof__(name(0)) name(unsigned long long *ctx)                              \
    {                                                                              \
        _Pragma("GCC diagnostic push")                                             \
        _Pragma("GCC diagnostic ignored \"-Wint-conversion\"")                     \
        return ____##name(___bpf_ctx_cast(args));                                  \
        _Pragma("GCC diagnostic pop")                                              \
    }                                                                              \
    static __always_inline __typeof__(name(0)) ____##name(unsigned long long *ctx, ##args)

/* BPF_PROG2: types and names are apart, so that structs of up to 16 bytes may be among them. */
#define ___bpf_nth2(_, _1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15, _16, _17, _18, _19, _20, \
                    _21, _22, _23, _24, N, ...) N
#define ___bpf_narg2(...) \
    ___bpf_nth2(_, ##__VA_ARGS__, 12, 12, 11, 11, 10, 10, 9, 9, 8, 8, 7, 7, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0)
#define ___bpf_slots(t) ((int)((sizeof(t) + 7) / 8))
#define ___bpf_slots_of0() 0
#define ___bpf_slots_of1(t, x) ___bpf_slots(t)
#define ___bpf_slots_of2(t, x, args...) ___bpf_slots(t) + ___bpf_slots_of1(args)
#define ___bpf_slots_of3(t, x, args...) ___bpf_slots(t) + ___bpf_slots_of2(args)
#define ___bpf_slots_of4(t, x, args...) ___bpf_slots(t) + ___bpf_slots_of3(args)
#define ___bpf_slots_of5(t, x, args...) ___bpf_slots(t) + ___bpf_slots_of4(args)
#define ___bpf_slots_of6(t, x, args...) ___bpf_slots(t) + ___bpf_slots_of5(args)
#define ___bpf_slots_of7(t, x, args...) ___bpf_slots(t) + ___bpf_slots_of6(args)
#define ___bpf_slots_of8(t, x, args...) ___bpf_slots(t) + ___bpf_slots_of7(args)
#define ___bpf_slots_of9(t, x, args...) ___bpf_slots(t) + ___bpf_slots_of8(args)
#define ___bpf_slots_of10(t, x, args...) ___bpf_slots(t) + ___bpf_slots_of9(args)
#define ___bpf_slots_of11(t, x, args...) ___bpf_slots(t) + ___bpf_slots_of10(args)
#define ___bpf_slots_of12(t, x, args...) ___bpf_slots(t) + ___bpf_slots_of11(args)
#define ___bpf_slots_of(args...) ___bpf_apply(___bpf_slots_of, ___bpf_narg2(args))(args)
/* The argument in the slots from n on: converted from its first eight bytes, or copied from all. */
#define ___bpf_slot_arg(t, n) \
    ({ \
        union { \
            __u8 z1; \
            __u16 z2; \
            __u32 z4; \
            __u64 z8[2]; \
            t x; \
        } ___arg; \
        if (sizeof(t) == 1) \
            ___arg.z1 = ctx[n]; \
        else if (sizeof(t) == 2) \
            ___arg.z2 = ctx[n]; \
        else if (sizeof(t) == 4) \
            ___arg.z4 = ctx[n]; \
        else \
            ___arg.z8[0] = ctx[n]; \
        if (sizeof(t) > 8) \
            ___arg.z8[1] = ctx[(n) + (sizeof(t) > 8)]; \
        ___arg.x; \
    })
#define ___bpf_slot_args0(n)
#define ___bpf_slot_args1(n, t, x) , ___bpf_slot_arg(t, n - (___bpf_slots(t)))
#define ___bpf_slot_args2(n, t, x, args...) , ___bpf_slot_arg(t, n - (___bpf_slots(t) + ___bpf_slots_of1(args))) ___bpf_slot_args1(n, args)
#define ___bpf_slot_args3(n, t, x, args...) , ___bpf_slot_arg(t, n - (___bpf_slots(t) + ___bpf_slots_of2(args))) ___bpf_slot_args2(n, args)
#define ___bpf_slot_args4(n, t, x, args...) , ___bpf_slot_arg(t, n - (___bpf_slots(t) + ___bpf_slots_of3(args))) ___bpf_slot_args3(n, args)
#define ___bpf_slot_args5(n, t, x, args...) , ___bpf_slot_arg(t, n - (___bpf_slots(t) + ___bpf_slots_of4(args))) ___bpf_slot_args4(n, args)
#define ___bpf_slot_args6(n, t, x, args...) , ___bpf_slot_arg(t, n - (___bpf_slots(t) + ___bpf_slots_of5(args))) ___bpf_slot_args5(n, args)
#define ___bpf_slot_args7(n, t, x, args...) , ___bpf_slot_arg(t, n - (___bpf_slots(t) + ___bpf_slots_of6(args))) ___bpf_slot_args6(n, args)
#define ___bpf_slot_args8(n, t, x, args...) , ___bpf_slot_arg(t, n - (___bpf_slots(t) + ___bpf_slots_of7(args))) ___bpf_slot_args7(n, args)
#define ___bpf_slot_args9(n, t, x, args...) , ___bpf_slot_arg(t, n - (___bpf_slots(t) + ___bpf_slots_of8(args))) ___bpf_slot_args8(n, args)
#define ___bpf_slot_args10(n, t, x, args...) , ___bpf_slot_arg(t, n - (___bpf_slots(t) + ___bpf_slots_of9(args))) ___bpf_slot_args9(n, args)
#define ___bpf_slot_args11(n, t, x, args...) , ___bpf_slot_arg(t, n - (___bpf_slots(t) + ___bpf_slots_of10(args))) ___bpf_slot_args10(n, args)
#define ___bpf_slot_args12(n, t, x, args...) , ___bpf_slot_arg(t, n - (___bpf_slots(t) + ___bpf_slots_of11(args))) ___bpf_slot_args11(n, args)
#define ___bpf_slot_args(args...) ___bpf_apply(___bpf_slot_args, ___bpf_narg2(args))(___bpf_slots_of(args), ##args)
#define ___bpf_params0()
#define ___bpf_params1(t, x) , t x
#define ___bpf_params2(t, x, args...) , t x ___bpf_params1(args)
#define ___bpf_params3(t, x, args...) , t x ___bpf_params2(args)
#define ___bpf_params4(t, x, args...) , t x ___bpf_params3(args)
#define ___bpf_params5(t, x, args...) , t x ___bpf_params4(args)
#define ___bpf_params6(t, x, args...) , t x ___bpf_params5(args)
#define ___bpf_params7(t, x, args...) , t x ___bpf_params6(args)
#define ___bpf_params8(t, x, args...) , t x ___bpf_params7(args)
#define ___bpf_params9(t, x, args...) , t x ___bpf_params8(args)
#define ___bpf_params10(t, x, args...) , t x ___bpf_params9(args)
#define ___bpf_params11(t, x, args...) , t x ___bpf_params10(args)
#define ___bpf_params12(t, x, args...) , t x ___bpf_params11(args)
#define ___bpf_params(args...) ___bpf_apply(___bpf_params, ___bpf_narg2(args))(args)
#define BPF_PROG2(name, args...)                                                   \
    name(unsigned long long *ctx);                                                 \
    static __always_inline __typeof__(name(0)) ____##name(unsigned long long *ctx ___bpf_params(args)); \
    __typeof__(name(0)) name(unsigned long long *ctx)                              \
    {                                                                              \
        return ____##name(ctx ___bpf_slot_args(args));                             \
    }                                                                              \
    static __always_inline __typeof__(name(0)) ____##name(unsigned long long *ctx ___bpf_params(args))

/* kprobe, uprobe. */
#define BPF_KPROBE(name, args...)                                                  \
    name(struct pt_regs *ctx);                                                     \
    static __always_inline __typeof__(name(0)) ____##name(struct pt_regs *ctx, ##args); \
    __typeof__(name(0)) name(struct pt_regs *ctx)                                  \
    {                                                                              \
        _Pragma("GCC diagnostic push")                                             \
        _Pragma("GCC diagnostic ignored \"-Wint-conversion\"")                     \
        return ____##name(___bpf_kprobe_args(args));                               \
        _Pragma("GCC diagnostic pop")                                              \
    }                                                                              \
    static __always_inline __typeof__(name(0)) ____##name(struct pt_regs *ctx, ##args)

/* kretprobe, uretprobe: at most one parameter, the result. */
#define BPF_KRETPROBE(name, args...)                                               \
    name(struct pt_regs *ctx);                                                     \
    static __always_inline __typeof__(name(0)) ____##name(struct pt_regs *ctx, ##args); \
    __typeof__(name(0)) name(struct pt_regs *ctx)                                  \
    {                                                                              \
        _Pragma("GCC diagnostic push")                                             \
        _Pragma("GCC diagnostic ignored \"-Wint-conversion\"")                     \
        return ____##name(___bpf_kretprobe_args(args));                            \
        _Pragma("GCC diagnostic pop")                                              \
    }                                                                              \
    static __always_inline __typeof__(name(0)) ____##name(struct pt_regs *ctx, ##args)

/* ksyscall, and kprobe on a syscall function. */
#define BPF_KSYSCALL(name, args...)                                                \
    name(struct pt_regs *ctx);                                                     \
    extern _Bool LINUX_HAS_SYSCALL_WRAPPER __kconfig;                              \
    static __always_inline __typeof__(name(0)) ____##name(struct pt_regs *ctx, ##args); \
    __typeof__(name(0)) name(struct pt_regs *ctx)                                  \
    {                                                                              \
        struct pt_regs *regs =                                                     \
            LINUX_HAS_SYSCALL_WRAPPER ? (struct pt_regs *)PT_REGS_PARM1(ctx) : ctx; \
        _Pragma("GCC diagnostic push")                                             \
        _Pragma("GCC diagnostic ignored \"-Wint-conversion\"")                     \
        if (LINUX_HAS_SYSCALL_WRAPPER)                                             \
            return ____##name(___bpf_syswrap_args(args));                          \
        else                                                                       \
            return ____##name(___bpf_syscall_args(args));                          \
        _Pragma("GCC diagnostic pop")                                              \
    }                                                                              \
    static __always_inline __typeof__(name(0)) ____##name(struct pt_regs *ctx, ##args)

#define BPF_KPROBE_SYSCALL BPF_KSYSCALL
#define BPF_UPROBE(name, args...) BPF_KPROBE(name, ##args)
#define BPF_URETPROBE(name, args...) BPF_KRETPROBE(name, ##args)
