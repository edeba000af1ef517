/* What libbpf programs are written with. Helpers themselves are known to the compiler and have no declaration here. */
#pragma once

/* Sections, linkage and inlining. */
#define SEC(name) __attribute__((section(name), used))
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#ifndef __noinline
#define __noinline __attribute__((noinline))
#endif
#ifndef __weak
#define __weak __attribute__((weak))
#endif
#define __hidden __attribute__((visibility("hidden")))
#define __kconfig __attribute__((section(".kconfig")))
#define __ksym __attribute__((section(".ksyms")))
#define __kptr_untrusted __attribute__((btf_type_tag("kptr_untrusted")))
#define __kptr __attribute__((btf_type_tag("kptr")))
#define __percpu_kptr __attribute__((btf_type_tag("percpu_kptr")))
#define __uptr __attribute__((btf_type_tag("uptr")))
#define __arg_ctx __attribute__((btf_decl_tag("arg:ctx")))
#define __arg_nonnull __attribute__((btf_decl_tag("arg:nonnull")))
#define __arg_nullable __attribute__((btf_decl_tag("arg:nullable")))
#define __arg_trusted __attribute__((btf_decl_tag("arg:trusted")))
#define __arg_untrusted __attribute__((btf_decl_tag("arg:untrusted")))
#define __arg_arena __attribute__((btf_decl_tag("arg:arena")))
#define __bpf_fastcall __attribute__((bpf_fastcall))

/* Map definitions: a pointer to an array carries a number, a pointer a type. */
#define __uint(name, value) int(*name)[value]
#define __type(name, value) __typeof__(value) *name
#define __array(name, value) __typeof__(value) *name[]
#define __ulong(name, value) enum { ___bpf_concat(__unique_value, __COUNTER__) = value } name

/* The slot is a constant, so that every path to the call has the same. */
#define bpf_tail_call_static(ctx, map, slot) ((void)bpf_tail_call(ctx, map, slot))

enum libbpf_pin_type {
    LIBBPF_PIN_NONE,
    LIBBPF_PIN_BY_NAME,
};

enum libbpf_tristate {
    TRI_NO = 0,
    TRI_YES = 1,
    TRI_MODULE = 2,
};

/* Small tools. */
#ifndef NULL
#define NULL ((void *)0)
#endif
#ifndef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
#endif
#ifndef container_of
#define container_of(ptr, type, member) ((type *)((char *)(void *)(ptr) - offsetof(type, member)))
#endif
#define barrier() __asm__ volatile("" ::: "memory")
#define barrier_var(var) __asm__ volatile("" : "+r"(var))
#define __bpf_unreachable() __builtin_trap()
#ifndef KERNEL_VERSION
#define KERNEL_VERSION(major, minor, patch) (((major) << 16) + ((minor) << 8) + ((patch) > 255 ? 255 : (patch)))
#endif

#ifndef ___bpf_concat
#define ___bpf_concat(a, b) a##b
#endif
#ifndef ___bpf_apply
#define ___bpf_apply(fn, n) ___bpf_concat(fn, n)
#endif
#ifndef ___bpf_nth
#define ___bpf_nth(_, _1, _2, _3, _4, _5, _6, _7, _8, _9, _a, _b, _c, N, ...) N
#endif
#ifndef ___bpf_narg
#define ___bpf_narg(...) ___bpf_nth(_, ##__VA_ARGS__, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#endif

/* Arguments as an array of u64: bpf_printk with more than three, bpf_snprintf and bpf_seq_printf with any. */
#define ___bpf_fill0(arr, p, x) do {} while (0)
#define ___bpf_fill1(arr, p, x) arr[p] = x
#define ___bpf_fill2(arr, p, x, args...) arr[p] = x; ___bpf_fill1(arr, p + 1, args)
#define ___bpf_fill3(arr, p, x, args...) arr[p] = x; ___bpf_fill2(arr, p + 1, args)
#define ___bpf_fill4(arr, p, x, args...) arr[p] = x; ___bpf_fill3(arr, p + 1, args)
#define ___bpf_fill5(arr, p, x, args...) arr[p] = x; ___bpf_fill4(arr, p + 1, args)
#define ___bpf_fill6(arr, p, x, args...) arr[p] = x; ___bpf_fill5(arr, p + 1, args)
#define ___bpf_fill7(arr, p, x, args...) arr[p] = x; ___bpf_fill6(arr, p + 1, args)
#define ___bpf_fill8(arr, p, x, args...) arr[p] = x; ___bpf_fill7(arr, p + 1, args)
#define ___bpf_fill9(arr, p, x, args...) arr[p] = x; ___bpf_fill8(arr, p + 1, args)
#define ___bpf_fill10(arr, p, x, args...) arr[p] = x; ___bpf_fill9(arr, p + 1, args)
#define ___bpf_fill11(arr, p, x, args...) arr[p] = x; ___bpf_fill10(arr, p + 1, args)
#define ___bpf_fill12(arr, p, x, args...) arr[p] = x; ___bpf_fill11(arr, p + 1, args)
#define ___bpf_fill(arr, args...) ___bpf_apply(___bpf_fill, ___bpf_narg(args))(arr, 0, args)

#define BPF_SEQ_PRINTF(seq, fmt, args...)                                          \
    ({                                                                             \
        static const char ___fmt[] = fmt;                                          \
        unsigned long long ___param[___bpf_narg(args)];                            \
        _Pragma("GCC diagnostic push")                                             \
        _Pragma("GCC diagnostic ignored \"-Wint-conversion\"")                     \
        ___bpf_fill(___param, args);                                               \
        _Pragma("GCC diagnostic pop")                                              \
        bpf_seq_printf(seq, ___fmt, sizeof(___fmt), ___param, sizeof(___param));   \
    })

#define BPF_SNPRINTF(out, out_size, fmt, args...)                                  \
    ({                                                                             \
        static const char ___fmt[] = fmt;                                          \
        unsigned long long ___param[___bpf_narg(args)];                            \
        _Pragma("GCC diagnostic push")                                             \
        _Pragma("GCC diagnostic ignored \"-Wint-conversion\"")                     \
        ___bpf_fill(___param, args);                                               \
        _Pragma("GCC diagnostic pop")                                              \
        bpf_snprintf(out, out_size, ___fmt, ___param, sizeof(___param));           \
    })

#ifdef BPF_NO_GLOBAL_DATA
#define BPF_PRINTK_FMT_MOD
#else
#define BPF_PRINTK_FMT_MOD static const
#endif

#define __bpf_printk(fmt, ...)                                                     \
    ({                                                                             \
        BPF_PRINTK_FMT_MOD char ____fmt[] = fmt;                                   \
        bpf_trace_printk(____fmt, sizeof(____fmt), ##__VA_ARGS__);                 \
    })

#define __bpf_vprintk(fmt, args...)                                                \
    ({                                                                             \
        static const char ___fmt[] = fmt;                                          \
        unsigned long long ___param[___bpf_narg(args)];                            \
        _Pragma("GCC diagnostic push")                                             \
        _Pragma("GCC diagnostic ignored \"-Wint-conversion\"")                     \
        ___bpf_fill(___param, args);                                               \
        _Pragma("GCC diagnostic pop")                                              \
        bpf_trace_vprintk(___fmt, sizeof(___fmt), ___param, sizeof(___param));     \
    })

/* Up to three arguments go in registers, more through bpf_trace_vprintk (5.16). */
#define ___bpf_pick_printk(...)                                                    \
    ___bpf_nth(_, ##__VA_ARGS__, __bpf_vprintk, __bpf_vprintk, __bpf_vprintk,      \
               __bpf_vprintk, __bpf_vprintk, __bpf_vprintk, __bpf_vprintk,         \
               __bpf_vprintk, __bpf_vprintk, __bpf_printk, __bpf_printk,           \
               __bpf_printk, __bpf_printk)
#define bpf_printk(fmt, args...) ___bpf_pick_printk(args)(fmt, ##args)

/* Open-coded iterators (6.4). */
struct bpf_iter_num;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __weak __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __weak __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __weak __ksym;

#define bpf_for_each(type, cur, args...)                                           \
    for (struct bpf_iter_##type ___it                                              \
             __attribute__((aligned(8), cleanup(bpf_iter_##type##_destroy))),      \
         *___p __attribute__((unused)) =                                           \
             (bpf_iter_##type##_new(&___it, ##args), (void)bpf_iter_##type##_destroy, (void *)0); \
         (((cur) = bpf_iter_##type##_next(&___it)));)

#define bpf_for(i, start, end)                                                     \
    for (struct bpf_iter_num ___it                                                 \
             __attribute__((aligned(8), cleanup(bpf_iter_num_destroy))),           \
         *___p __attribute__((unused)) =                                           \
             (bpf_iter_num_new(&___it, (start), (end)), (void)bpf_iter_num_destroy, (void *)0); \
         ({                                                                        \
             int *___t = bpf_iter_num_next(&___it);                                \
             (___t ? ((i) = *___t, (i) >= (start) && (i) < (end)) : 0);            \
         });)

#define bpf_repeat(n)                                                              \
    for (struct bpf_iter_num ___it                                                 \
             __attribute__((aligned(8), cleanup(bpf_iter_num_destroy))),           \
         *___p __attribute__((unused)) =                                           \
             (bpf_iter_num_new(&___it, 0, (n)), (void)bpf_iter_num_destroy, (void *)0); \
         bpf_iter_num_next(&___it);)

#define bpf_ksym_exists(sym) (!!(sym))
