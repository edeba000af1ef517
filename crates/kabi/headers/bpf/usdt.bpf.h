/* Arguments of user-space static probes. The maps are an interface: libbpf fills them when it attaches. */
#pragma once
#include <linux/errno.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#ifndef BPF_USDT_MAX_SPEC_CNT
#define BPF_USDT_MAX_SPEC_CNT 256
#endif
#ifndef BPF_USDT_MAX_IP_CNT
#define BPF_USDT_MAX_IP_CNT (4 * BPF_USDT_MAX_SPEC_CNT)
#endif
#define BPF_USDT_MAX_ARG_CNT 12

/* Where an argument is: a constant, a register, or memory at a register and an offset. This is the layout of libbpf 0.8 to
   1.6; a program that libbpf 1.7 attaches needs the header of that version. bpfc itself also gives what is in memory at two
   registers and an offset: the second is in the bytes of `arg_type` that are 0 otherwise, its shift in one, its place in two. */
enum __bpf_usdt_arg_type {
    BPF_USDT_ARG_CONST,
    BPF_USDT_ARG_REG,
    BPF_USDT_ARG_REG_DEREF,
    BPF_USDT_ARG_INDEXED,
};

struct __bpf_usdt_arg_spec {
    __u64 val_off;
    __u32 arg_type;
    short reg_off;
    _Bool arg_signed;
    char arg_bitshift;
};

struct __bpf_usdt_spec {
    struct __bpf_usdt_arg_spec args[BPF_USDT_MAX_ARG_CNT];
    __u64 usdt_cookie;
    short arg_cnt;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, BPF_USDT_MAX_SPEC_CNT);
    __type(key, int);
    __type(value, struct __bpf_usdt_spec);
} __bpf_usdt_specs SEC(".maps") __weak;

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, BPF_USDT_MAX_IP_CNT);
    __type(key, long);
    __type(value, __u32);
} __bpf_usdt_ip_to_spec_id SEC(".maps") __weak;

extern const _Bool LINUX_HAS_BPF_COOKIE __kconfig;

/* The specification of the probe that fired, by cookie or, before 5.15, by address. */
static __always_inline struct __bpf_usdt_spec *__bpf_usdt_find(struct pt_regs *ctx)
{
    int id;

    if (LINUX_HAS_BPF_COOKIE) {
        id = bpf_get_attach_cookie(ctx);
    } else {
        long address = PT_REGS_IP(ctx);
        int *found = bpf_map_lookup_elem(&__bpf_usdt_ip_to_spec_id, &address);

        if (!found)
            return NULL;
        id = *found;
    }
    if (id < 0)
        return NULL;
    return bpf_map_lookup_elem(&__bpf_usdt_specs, &id);
}

static __always_inline struct __bpf_usdt_arg_spec *__bpf_usdt_arg_of(struct __bpf_usdt_spec *spec, __u64 n)
{
    if (n >= BPF_USDT_MAX_ARG_CNT)
        return NULL;
    barrier_var(n);
    if (n >= (__u64)spec->arg_cnt)
        return NULL;
    return &spec->args[n];
}

/* How many arguments the probe has. */
__weak __hidden int bpf_usdt_arg_cnt(struct pt_regs *ctx)
{
    struct __bpf_usdt_spec *spec = __bpf_usdt_find(ctx);

    return spec ? spec->arg_cnt : -ESRCH;
}

/* Bytes of the argument with this number, from 0. */
static __always_inline int bpf_usdt_arg_size(struct pt_regs *ctx, __u64 arg_num)
{
    struct __bpf_usdt_spec *spec = __bpf_usdt_find(ctx);
    struct __bpf_usdt_arg_spec *arg;

    if (!spec)
        return -ESRCH;
    arg = __bpf_usdt_arg_of(spec, arg_num);
    return arg ? (unsigned int)(64 - arg->arg_bitshift) / 8 : -ENOENT;
}

/* Stores the argument with this number, from 0, in `*res`; 0, or a negative error with `*res` 0. */
__weak __hidden int bpf_usdt_arg(struct pt_regs *ctx, __u64 arg_num, long *res)
{
    struct __bpf_usdt_spec *spec;
    struct __bpf_usdt_arg_spec *arg;
    unsigned long value = 0;
    long err;

    *res = 0;
    spec = __bpf_usdt_find(ctx);
    if (!spec)
        return -ESRCH;
    arg = __bpf_usdt_arg_of(spec, arg_num);
    if (!arg)
        return -ENOENT;
    if (arg->arg_type == BPF_USDT_ARG_CONST) {
        value = arg->val_off;
    } else if ((arg->arg_type & 0xff) <= BPF_USDT_ARG_INDEXED) {
        err = bpf_probe_read_kernel(&value, sizeof(value), (void *)ctx + arg->reg_off);
        if (err)
            return err;
        if (arg->arg_type != BPF_USDT_ARG_REG) {
            if ((arg->arg_type & 0xff) == BPF_USDT_ARG_INDEXED) {
                unsigned long index = 0;

                err = bpf_probe_read_kernel(&index, sizeof(index), (void *)ctx + (arg->arg_type >> 16));
                if (err)
                    return err;
                value += index << (arg->arg_type >> 8 & 3);
            }
            err = bpf_probe_read_user(&value, sizeof(value), (void *)(value + arg->val_off));
            if (err)
                return err;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
            value >>= arg->arg_bitshift;
#endif
        }
    } else {
        return -EINVAL;
    }
    value <<= arg->arg_bitshift;
    *res = arg->arg_signed ? (long)value >> arg->arg_bitshift : (long)(value >> arg->arg_bitshift);
    return 0;
}

/* The number that the user gave when attaching. */
__weak __hidden long bpf_usdt_cookie(struct pt_regs *ctx)
{
    struct __bpf_usdt_spec *spec = __bpf_usdt_find(ctx);

    return spec ? spec->usdt_cookie : 0;
}

#define ___bpf_usdt_arg(n) ({ long ___value; bpf_usdt_arg(ctx, n, &___value); (void *)___value; })
#define ___bpf_usdt_args0() ctx
#define ___bpf_usdt_args1(x) ___bpf_usdt_args0(), ___bpf_usdt_arg(0)
#define ___bpf_usdt_args2(x, args...) ___bpf_usdt_args1(args), ___bpf_usdt_arg(1)
#define ___bpf_usdt_args3(x, args...) ___bpf_usdt_args2(args), ___bpf_usdt_arg(2)
#define ___bpf_usdt_args4(x, args...) ___bpf_usdt_args3(args), ___bpf_usdt_arg(3)
#define ___bpf_usdt_args5(x, args...) ___bpf_usdt_args4(args), ___bpf_usdt_arg(4)
#define ___bpf_usdt_args6(x, args...) ___bpf_usdt_args5(args), ___bpf_usdt_arg(5)
#define ___bpf_usdt_args7(x, args...) ___bpf_usdt_args6(args), ___bpf_usdt_arg(6)
#define ___bpf_usdt_args8(x, args...) ___bpf_usdt_args7(args), ___bpf_usdt_arg(7)
#define ___bpf_usdt_args9(x, args...) ___bpf_usdt_args8(args), ___bpf_usdt_arg(8)
#define ___bpf_usdt_args10(x, args...) ___bpf_usdt_args9(args), ___bpf_usdt_arg(9)
#define ___bpf_usdt_args11(x, args...) ___bpf_usdt_args10(args), ___bpf_usdt_arg(10)
#define ___bpf_usdt_args12(x, args...) ___bpf_usdt_args11(args), ___bpf_usdt_arg(11)
#define ___bpf_usdt_args(args...) ___bpf_apply(___bpf_usdt_args, ___bpf_narg(args))(args)
#define BPF_USDT(name, args...)                                                    \
    name(struct pt_regs *ctx);                                                     \
    static __always_inline __typeof__(name(0)) ____##name(struct pt_regs *ctx, ##args); \
    __typeof__(name(0)) name(struct pt_regs *ctx)                                  \
    {                                                                              \
        _Pragma("GCC diagnostic push")                                             \
        _Pragma("GCC diagnostic ignored \"-Wint-conversion\"")                     \
        return ____##name(___bpf_usdt_args(args));                                 \
        _Pragma("GCC diagnostic pop")                                              \
    }                                                                              \
    static __always_inline __typeof__(name(0)) ____##name(struct pt_regs *ctx, ##args)
