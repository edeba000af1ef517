/* What every program of BCC's dialect starts with: its macros for tables and programs.
 *
 * A table is a variable whose members `key` and `leaf` have the types of the key and value, so that
 * `typeof(table.leaf)` works. Its methods are known to the type checker; its section names its kind. */
#pragma once
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/types.h>
#include <linux/version.h>
#include <asm/page.h>
#include <asm/ptrace.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>
#include <bpfc/kernel.h>

#define BCC_SEC(name) __attribute__((section(name), used))

#define BPF_F_TABLE(TYPE, KEY, LEAF, NAME, N, FLAGS)                                                      \
    struct NAME##_table_t {                                                                               \
        KEY key;                                                                                          \
        LEAF leaf;                                                                                        \
        unsigned long long max_entries;                                                                   \
        int flags;                                                                                        \
    };                                                                                                    \
    BCC_SEC("maps/" TYPE) struct NAME##_table_t NAME = { .max_entries = (N), .flags = (FLAGS) }
#define BPF_TABLE(TYPE, KEY, LEAF, NAME, N) BPF_F_TABLE(TYPE, KEY, LEAF, NAME, N, 0)
#define BPF_TABLE_PUBLIC(TYPE, KEY, LEAF, NAME, N) BPF_F_TABLE(TYPE, KEY, LEAF, NAME, N, 0)

/* The macro for as many arguments as there are, of up to six. */
#define ___bpfc_pick(a, b, c, d, e, f, NAME, ...) NAME
#define ___bpfc_count(MACRO, args...)                                                                     \
    ___bpfc_pick(args, MACRO##6, MACRO##5, MACRO##4, MACRO##3, MACRO##2, MACRO##1, none)(args)

#define ___bpfc_hash4(NAME, KEY, LEAF, N) BPF_TABLE("hash", KEY, LEAF, NAME, N)
#define ___bpfc_hash3(NAME, KEY, LEAF) ___bpfc_hash4(NAME, KEY, LEAF, 10240)
#define ___bpfc_hash2(NAME, KEY) ___bpfc_hash3(NAME, KEY, u64)
#define ___bpfc_hash1(NAME) ___bpfc_hash2(NAME, u64)
#define BPF_HASH(args...) ___bpfc_count(___bpfc_hash, args)

#define ___bpfc_percpu_hash4(NAME, KEY, LEAF, N) BPF_TABLE("percpu_hash", KEY, LEAF, NAME, N)
#define ___bpfc_percpu_hash3(NAME, KEY, LEAF) ___bpfc_percpu_hash4(NAME, KEY, LEAF, 10240)
#define ___bpfc_percpu_hash2(NAME, KEY) ___bpfc_percpu_hash3(NAME, KEY, u64)
#define ___bpfc_percpu_hash1(NAME) ___bpfc_percpu_hash2(NAME, u64)
#define BPF_PERCPU_HASH(args...) ___bpfc_count(___bpfc_percpu_hash, args)

#define ___bpfc_array3(NAME, LEAF, N) BPF_TABLE("array", int, LEAF, NAME, N)
#define ___bpfc_array2(NAME, LEAF) ___bpfc_array3(NAME, LEAF, 10240)
#define ___bpfc_array1(NAME) ___bpfc_array2(NAME, u64)
#define BPF_ARRAY(args...) ___bpfc_count(___bpfc_array, args)

#define ___bpfc_percpu_array3(NAME, LEAF, N) BPF_TABLE("percpu_array", int, LEAF, NAME, N)
#define ___bpfc_percpu_array2(NAME, LEAF) ___bpfc_percpu_array3(NAME, LEAF, 10240)
#define ___bpfc_percpu_array1(NAME) ___bpfc_percpu_array2(NAME, u64)
#define BPF_PERCPU_ARRAY(args...) ___bpfc_count(___bpfc_percpu_array, args)

#define ___bpfc_histogram3(NAME, KEY, N) BPF_TABLE("histogram", KEY, u64, NAME, N)
#define ___bpfc_histogram2(NAME, KEY) ___bpfc_histogram3(NAME, KEY, 64)
#define ___bpfc_histogram1(NAME) ___bpfc_histogram2(NAME, int)
#define BPF_HISTOGRAM(args...) ___bpfc_count(___bpfc_histogram, args)

#define ___bpfc_lpm_trie4(NAME, KEY, LEAF, N) BPF_F_TABLE("lpm_trie", KEY, LEAF, NAME, N, BPF_F_NO_PREALLOC)
#define ___bpfc_lpm_trie3(NAME, KEY, LEAF) ___bpfc_lpm_trie4(NAME, KEY, LEAF, 10240)
#define ___bpfc_lpm_trie2(NAME, KEY) ___bpfc_lpm_trie3(NAME, KEY, u64)
#define ___bpfc_lpm_trie1(NAME) ___bpfc_lpm_trie2(NAME, u64)
#define BPF_LPM_TRIE(args...) ___bpfc_count(___bpfc_lpm_trie, args)

#ifndef roundup_pow_of_two
#define roundup_pow_of_two(n) ((n) <= 1 ? 1UL : 1UL << (64 - __builtin_clzl((n) - 1)))
#endif
#define BPF_MAX_STACK_DEPTH 127
struct bpf_stacktrace {
    u64 ip[BPF_MAX_STACK_DEPTH];
};
struct bpf_stacktrace_buildid {
    struct bpf_stack_build_id trace[BPF_MAX_STACK_DEPTH];
};
#define BPF_STACK_TRACE(NAME, N) BPF_TABLE("stacktrace", int, struct bpf_stacktrace, NAME, roundup_pow_of_two(N))
#define BPF_STACK_TRACE_BUILDID(NAME, N)                                                                  \
    BPF_F_TABLE("stacktrace", int, struct bpf_stacktrace_buildid, NAME, roundup_pow_of_two(N), BPF_F_STACK_BUILD_ID)

#define BPF_PERF_OUTPUT(NAME) BPF_TABLE("perf_output", int, __u32, NAME, 0)
#define BPF_RINGBUF_OUTPUT(NAME, PAGES) BPF_TABLE("ringbuf", int, int, NAME, (PAGES) * PAGE_SIZE)
#define BPF_PERF_ARRAY(NAME, N) BPF_TABLE("perf_array", int, u32, NAME, N)
#define BPF_PROG_ARRAY(NAME, N) BPF_TABLE("prog", u32, u32, NAME, N)
#define BPF_CGROUP_ARRAY(NAME, N) BPF_TABLE("cgroup_array", int, u32, NAME, N)
#define BPF_DEVMAP(NAME, N) BPF_TABLE("devmap", u32, int, NAME, N)
#define BPF_CPUMAP(NAME, N) BPF_TABLE("cpumap", u32, u32, NAME, N)
#define BPF_XSKMAP(NAME, N, ...) BPF_TABLE("xskmap", int, int, NAME, N)
#define ___bpfc_queue4(NAME, LEAF, N, FLAGS) BPF_F_TABLE("queue", int, LEAF, NAME, N, FLAGS)
#define ___bpfc_queue3(NAME, LEAF, N) ___bpfc_queue4(NAME, LEAF, N, 0)
#define BPF_QUEUE(args...) ___bpfc_count(___bpfc_queue, args)
#define ___bpfc_stack4(NAME, LEAF, N, FLAGS) BPF_F_TABLE("stack", int, LEAF, NAME, N, FLAGS)
#define ___bpfc_stack3(NAME, LEAF, N) ___bpfc_stack4(NAME, LEAF, N, 0)
#define BPF_STACK(args...) ___bpfc_count(___bpfc_stack, args)
#define BPF_SOCKMAP(NAME, N) BPF_TABLE("sockmap", u32, int, NAME, N)
#define ___bpfc_sockhash3(NAME, KEY, N) BPF_TABLE("sockhash", KEY, int, NAME, N)
#define ___bpfc_sockhash2(NAME, KEY) ___bpfc_sockhash3(NAME, KEY, 10240)
#define ___bpfc_sockhash1(NAME) ___bpfc_sockhash2(NAME, u32)
#define BPF_SOCKHASH(args...) ___bpfc_count(___bpfc_sockhash, args)
#define BPF_SK_STORAGE(NAME, LEAF) BPF_F_TABLE("sk_storage", int, LEAF, NAME, 0, BPF_F_NO_PREALLOC)
#define BPF_INODE_STORAGE(NAME, LEAF) BPF_F_TABLE("inode_storage", int, LEAF, NAME, 0, BPF_F_NO_PREALLOC)
#define BPF_TASK_STORAGE(NAME, LEAF) BPF_F_TABLE("task_storage", int, LEAF, NAME, 0, BPF_F_NO_PREALLOC)

#define TRACEPOINT_PROBE(CATEGORY, EVENT)                                                                 \
    int tracepoint__##CATEGORY##__##EVENT(struct tracepoint__##CATEGORY##__##EVENT *args)
#define RAW_TRACEPOINT_PROBE(EVENT) int raw_tracepoint__##EVENT(struct bpf_raw_tracepoint_args *ctx)
#define KFUNC_PROBE(EVENT, args...) int BPF_PROG(kfunc__vmlinux__##EVENT, args)
#define KRETFUNC_PROBE(EVENT, args...) int BPF_PROG(kretfunc__vmlinux__##EVENT, args)
#define MODULE_KFUNC_PROBE(MODULE, EVENT, args...) int BPF_PROG(kfunc__##MODULE##__##EVENT, args)
#define MODULE_KRETFUNC_PROBE(MODULE, EVENT, args...) int BPF_PROG(kretfunc__##MODULE##__##EVENT, args)
#define KMOD_RET(EVENT, args...) int BPF_PROG(kmod_ret__##EVENT, args)
#define LSM_PROBE(EVENT, args...) int BPF_PROG(lsm__##EVENT, args)
#define BPF_ITER(TARGET) int bpf_iter__##TARGET(struct bpf_iter__##TARGET *ctx)

#define lock_xadd(pointer, value) ((void)__sync_fetch_and_add(pointer, value))
#define CUR_CPU_IDENTIFIER BPF_F_CURRENT_CPU

/* The place of the highest set bit, from 1; 1 for 0: the slot of a histogram. */
static inline __attribute__((always_inline)) unsigned int bpf_log2(unsigned int v)
{
    unsigned int result = 0, shift;
    shift = (v > 0xffff) << 4; v >>= shift; result |= shift;
    shift = (v > 0xff) << 3; v >>= shift; result |= shift;
    shift = (v > 0xf) << 2; v >>= shift; result |= shift;
    shift = (v > 0x3) << 1; v >>= shift; result |= shift;
    return (result | (v >> 1)) + 1;
}
static inline __attribute__((always_inline)) unsigned int bpf_log2l(unsigned long v)
{
    unsigned int high = v >> 32;
    return high ? bpf_log2(high) + 32 : bpf_log2(v);
}
