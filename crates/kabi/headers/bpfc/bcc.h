/* What every program of BCC's dialect may use without an include. */
#pragma once
#include <bpfc/kernel.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/bpf_perf_event.h>
#include <asm/ptrace.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#ifdef BPF_LICENSE
#error the license is part of the program: define BPF_LICENSE in its text, not by a flag
#endif
#define KBUILD_MODNAME "bpfc"
#define __BPF_TRACING__ 1
#define BCC_SEC(name) __attribute__((section(name), used))
#ifndef __packed
#define __packed __attribute__((packed))
#endif
#ifndef __maybe_unused
#define __maybe_unused __attribute__((unused))
#endif

/* Tables: an object whose section says of which type it is, and whose members say the rest. `table.key` and
   `table.leaf` have the types of keys and values; methods are known to the compiler. */
#define __bcc_table(type, name, members, n_entries, table_flags) \
    struct name##_table_t { \
        members \
        int (*max_entries)[n_entries]; \
        int (*map_flags)[table_flags]; \
    }; \
    __attribute__((section("maps/" type))) struct name##_table_t name = {}

#define BPF_F_TABLE(type, key_type, leaf_type, name, n, table_flags) \
    __bcc_table(type, name, key_type key; leaf_type leaf;, n, table_flags)
#define BPF_TABLE(type, key_type, leaf_type, name, n) BPF_F_TABLE(type, key_type, leaf_type, name, n, 0)
#define BPF_TABLE_PUBLIC(type, key_type, leaf_type, name, n) BPF_TABLE(type "@public", key_type, leaf_type, name, n)
#define __bcc_pinned7(type, key_type, leaf_type, name, n, path, table_flags) \
    BPF_F_TABLE(type ":" path, key_type, leaf_type, name, n, table_flags)
#define __bcc_pinned6(type, key_type, leaf_type, name, n, path) \
    __bcc_pinned7(type, key_type, leaf_type, name, n, path, 0)
#define BPF_TABLE_PINNED(...) __bcc_pick7(__VA_ARGS__, __bcc_pinned7, __bcc_pinned6, , , , , )(__VA_ARGS__)
#define __bcc_shared6(type, key_type, leaf_type, name, n, table_flags) \
    BPF_F_TABLE(type "@shared", key_type, leaf_type, name, n, table_flags)
#define __bcc_shared5(type, key_type, leaf_type, name, n) BPF_TABLE(type "@shared", key_type, leaf_type, name, n)
#define BPF_TABLE_SHARED(...) __bcc_pick6(__VA_ARGS__, __bcc_shared6, __bcc_shared5, , , , )(__VA_ARGS__)

/* The argument behind all given ones: which of several macros to use. */
#define __bcc_pick3(a, b, c, it, ...) it
#define __bcc_pick4(a, b, c, d, it, ...) it
#define __bcc_pick6(a, b, c, d, e, f, it, ...) it
#define __bcc_pick7(a, b, c, d, e, f, g, it, ...) it

#define __bcc_hash1(name) BPF_TABLE("hash", u64, u64, name, 10240)
#define __bcc_hash2(name, key) BPF_TABLE("hash", key, u64, name, 10240)
#define __bcc_hash3(name, key, leaf) BPF_TABLE("hash", key, leaf, name, 10240)
#define __bcc_hash4(name, key, leaf, n) BPF_TABLE("hash", key, leaf, name, n)
#define BPF_HASH(...) __bcc_pick4(__VA_ARGS__, __bcc_hash4, __bcc_hash3, __bcc_hash2, __bcc_hash1, )(__VA_ARGS__)

#define __bcc_cpu_hash1(name) BPF_TABLE("percpu_hash", u64, u64, name, 10240)
#define __bcc_cpu_hash2(name, key) BPF_TABLE("percpu_hash", key, u64, name, 10240)
#define __bcc_cpu_hash3(name, key, leaf) BPF_TABLE("percpu_hash", key, leaf, name, 10240)
#define __bcc_cpu_hash4(name, key, leaf, n) BPF_TABLE("percpu_hash", key, leaf, name, n)
#define BPF_PERCPU_HASH(...) \
    __bcc_pick4(__VA_ARGS__, __bcc_cpu_hash4, __bcc_cpu_hash3, __bcc_cpu_hash2, __bcc_cpu_hash1, )(__VA_ARGS__)

#define __bcc_array1(name) BPF_TABLE("array", int, u64, name, 10240)
#define __bcc_array2(name, leaf) BPF_TABLE("array", int, leaf, name, 10240)
#define __bcc_array3(name, leaf, n) BPF_TABLE("array", int, leaf, name, n)
#define BPF_ARRAY(...) __bcc_pick3(__VA_ARGS__, __bcc_array3, __bcc_array2, __bcc_array1, )(__VA_ARGS__)

#define __bcc_cpu_array1(name) BPF_TABLE("percpu_array", int, u64, name, 10240)
#define __bcc_cpu_array2(name, leaf) BPF_TABLE("percpu_array", int, leaf, name, 10240)
#define __bcc_cpu_array3(name, leaf, n) BPF_TABLE("percpu_array", int, leaf, name, n)
#define BPF_PERCPU_ARRAY(...) \
    __bcc_pick3(__VA_ARGS__, __bcc_cpu_array3, __bcc_cpu_array2, __bcc_cpu_array1, )(__VA_ARGS__)

#define __bcc_hist1(name) BPF_TABLE("histogram", int, u64, name, 64)
#define __bcc_hist2(name, key) BPF_TABLE("histogram", key, u64, name, 64)
#define __bcc_hist3(name, key, n) BPF_TABLE("histogram", key, u64, name, n)
#define BPF_HISTOGRAM(...) __bcc_pick3(__VA_ARGS__, __bcc_hist3, __bcc_hist2, __bcc_hist1, )(__VA_ARGS__)

#define __bcc_lpm1(name) BPF_F_TABLE("lpm_trie", u64, u64, name, 10240, BPF_F_NO_PREALLOC)
#define __bcc_lpm2(name, key) BPF_F_TABLE("lpm_trie", key, u64, name, 10240, BPF_F_NO_PREALLOC)
#define __bcc_lpm3(name, key, leaf) BPF_F_TABLE("lpm_trie", key, leaf, name, 10240, BPF_F_NO_PREALLOC)
#define __bcc_lpm4(name, key, leaf, n) BPF_F_TABLE("lpm_trie", key, leaf, name, n, BPF_F_NO_PREALLOC)
#define BPF_LPM_TRIE(...) __bcc_pick4(__VA_ARGS__, __bcc_lpm4, __bcc_lpm3, __bcc_lpm2, __bcc_lpm1, )(__VA_ARGS__)

#define BPF_MAX_STACK_DEPTH 127
struct bpf_stacktrace {
    u64 ip[127];
};
struct bpf_stacktrace_buildid {
    struct bpf_stack_build_id trace[127];
};
#define BPF_STACK_TRACE(name, n) BPF_TABLE("stacktrace", int, struct bpf_stacktrace, name, n)
#define BPF_STACK_TRACE_BUILDID(name, n) \
    BPF_F_TABLE("stacktrace", int, struct bpf_stacktrace_buildid, name, n, BPF_F_STACK_BUILD_ID)

/* Two numbers instead of keys and values where the kernel has none, or only descriptors. */
#define BPF_PERF_OUTPUT(name) BPF_TABLE("perf_output", int, u32, name, 0)
#define BPF_PERF_ARRAY(name, n) BPF_TABLE("perf_array", int, u32, name, n)
#define BPF_RINGBUF_OUTPUT(name, n_pages) __bcc_table("ringbuf", name, , (n_pages) * PAGE_SIZE, 0)
#define BPF_PROG_ARRAY(name, n) BPF_TABLE("prog", u32, u32, name, n)
#define BPF_CGROUP_ARRAY(name, n) BPF_TABLE("cgroup_array", int, u32, name, n)
#define BPF_DEVMAP(name, n) BPF_TABLE("devmap", int, int, name, n)
#define BPF_CPUMAP(name, n) BPF_TABLE("cpumap", int, int, name, n)
#define __bcc_xskmap2(name, n) BPF_TABLE("xskmap", int, int, name, n)
#define __bcc_xskmap3(name, n, path) BPF_TABLE_PINNED("xskmap", int, int, name, n, path)
#define BPF_XSKMAP(...) __bcc_pick3(__VA_ARGS__, __bcc_xskmap3, __bcc_xskmap2, , )(__VA_ARGS__)
#define BPF_SOCKMAP(name, n) BPF_TABLE("sockmap", u32, int, name, n)
#define __bcc_sockhash1(name) BPF_TABLE("sockhash", u32, int, name, 10240)
#define __bcc_sockhash2(name, key) BPF_TABLE("sockhash", key, int, name, 10240)
#define __bcc_sockhash3(name, key, n) BPF_TABLE("sockhash", key, int, name, n)
#define BPF_SOCKHASH(...) __bcc_pick3(__VA_ARGS__, __bcc_sockhash3, __bcc_sockhash2, __bcc_sockhash1, )(__VA_ARGS__)

#define BPF_ARRAY_OF_MAPS(name, inner, n) BPF_TABLE("array_of_maps$" inner, int, int, name, n)
#define __bcc_hash_maps2(name, inner) BPF_TABLE("hash_of_maps$" inner, int, int, name, 10240)
#define __bcc_hash_maps3(name, inner, n) BPF_TABLE("hash_of_maps$" inner, int, int, name, n)
#define __bcc_hash_maps4(name, key, inner, n) BPF_TABLE("hash_of_maps$" inner, key, int, name, n)
#define BPF_HASH_OF_MAPS(...) \
    __bcc_pick4(__VA_ARGS__, __bcc_hash_maps4, __bcc_hash_maps3, __bcc_hash_maps2, , )(__VA_ARGS__)

#define __bcc_queue3(name, leaf_type, n) __bcc_table("queue", name, leaf_type leaf;, n, 0)
#define __bcc_queue4(name, leaf_type, n, table_flags) __bcc_table("queue", name, leaf_type leaf;, n, table_flags)
#define BPF_QUEUE(...) __bcc_pick4(__VA_ARGS__, __bcc_queue4, __bcc_queue3, , , )(__VA_ARGS__)
#define __bcc_stack3(name, leaf_type, n) __bcc_table("stack", name, leaf_type leaf;, n, 0)
#define __bcc_stack4(name, leaf_type, n, table_flags) __bcc_table("stack", name, leaf_type leaf;, n, table_flags)
#define BPF_STACK(...) __bcc_pick4(__VA_ARGS__, __bcc_stack4, __bcc_stack3, , , )(__VA_ARGS__)
#define BPF_QUEUESTACK(type, name, leaf_type, n, table_flags) __bcc_table(type, name, leaf_type leaf;, n, table_flags)
#define BPF_QUEUESTACK_PINNED(type, name, leaf_type, n, table_flags, path) \
    BPF_QUEUESTACK(type ":" path, name, leaf_type, n, table_flags)
#define BPF_QUEUESTACK_PUBLIC(type, name, leaf_type, n, table_flags) \
    BPF_QUEUESTACK(type "@public", name, leaf_type, n, table_flags)
#define BPF_QUEUESTACK_SHARED(type, name, leaf_type, n, table_flags) \
    BPF_QUEUESTACK(type "@shared", name, leaf_type, n, table_flags)

#define BPF_SK_STORAGE(name, leaf) BPF_F_TABLE("sk_storage", int, leaf, name, 0, BPF_F_NO_PREALLOC)
#define BPF_INODE_STORAGE(name, leaf) BPF_F_TABLE("inode_storage", int, leaf, name, 0, BPF_F_NO_PREALLOC)
#define BPF_TASK_STORAGE(name, leaf) BPF_F_TABLE("task_storage", int, leaf, name, 0, BPF_F_NO_PREALLOC)
#define BPF_CGROUP_STORAGE(name, leaf) \
    BPF_TABLE("cgroup_storage", struct bpf_cgroup_storage_key, leaf, name, 0)
#define BPF_PERCPU_CGROUP_STORAGE(name, leaf) \
    BPF_TABLE("percpu_cgroup_storage", struct bpf_cgroup_storage_key, leaf, name, 0)

/* Programs whose name says where they are attached. */
#define TRACEPOINT_PROBE(category, event) \
    int tracepoint__##category##__##event(struct tracepoint__##category##__##event *args)
#define RAW_TRACEPOINT_PROBE(event) int raw_tracepoint__##event(struct bpf_raw_tracepoint_args *ctx)
#define KFUNC_PROBE(event, args...) int BPF_PROG(kfunc__vmlinux__##event, ##args)
#define KRETFUNC_PROBE(event, args...) int BPF_PROG(kretfunc__vmlinux__##event, ##args)
#define MODULE_KFUNC_PROBE(module, event, args...) int BPF_PROG(kfunc__##module##__##event, ##args)
#define MODULE_KRETFUNC_PROBE(module, event, args...) int BPF_PROG(kretfunc__##module##__##event, ##args)
#define KMOD_RET(event, args...) int BPF_PROG(kmod_ret__##event, ##args)
#define LSM_PROBE(event, args...) int BPF_PROG(lsm__##event, ##args)
#define BPF_ITER(target) int bpf_iter__##target(struct bpf_iter__##target *ctx)

#define TP_DATA_LOC_READ_CONST(dst, field, length) \
    do { \
        unsigned int __where = args->data_loc_##field & 0xffff; \
        bpf_probe_read_kernel((void *)(dst), length, (char *)args + __where); \
    } while (0)
#define TP_DATA_LOC_READ(dst, field) \
    do { \
        unsigned int __where = args->data_loc_##field & 0xffff; \
        unsigned int __length = args->data_loc_##field >> 16; \
        bpf_probe_read_kernel((void *)(dst), __length, (char *)args + __where); \
    } while (0)
#define TP_DATA_LOC_READ_STR(dst, field, length) \
    do { \
        unsigned int __where = args->data_loc_##field & 0xffff; \
        bpf_probe_read_kernel_str((void *)(dst), length, (char *)args + __where); \
    } while (0)

#define PT_REGS_SYSCALL_CTX(ctx) PT_REGS_SYSCALL_REGS(ctx)
#define CUR_CPU_IDENTIFIER BPF_F_CURRENT_CPU
#define bcc_get_stackid(map, ctx) bpf_get_stackid(ctx, map, BPF_F_USER_STACK)

/* Numbers. The slot of a value in a histogram is 1 + floor(log2(value)), and 1 for 0. */
static inline __attribute__((always_inline)) unsigned int bpf_log2(unsigned int v)
{
    unsigned int r, shift;

    r = (v > 0xFFFF) << 4;
    v >>= r;
    shift = (v > 0xFF) << 3;
    v >>= shift;
    r |= shift;
    shift = (v > 0xF) << 2;
    v >>= shift;
    r |= shift;
    shift = (v > 0x3) << 1;
    v >>= shift;
    r |= shift;
    return r | (v >> 1);
}
static inline __attribute__((always_inline)) unsigned int bpf_log2l(unsigned long v)
{
    unsigned int high = v >> 32;

    return high ? bpf_log2(high) + 32 + 1 : bpf_log2(v) + 1;
}
#define MASK(n) ((n) < 64 ? (1ull << (n)) - 1 : -1ull)
#define MASK128(n) ((n) < 128 ? ((unsigned __int128)1 << (n)) - 1 : ~(unsigned __int128)0)
#define lock_xadd(ptr, value) ((void)__sync_fetch_and_add(ptr, value))
#define bpf_ntohll(x) bpf_be64_to_cpu(x)
#define bpf_htonll(x) bpf_cpu_to_be64(x)
#define roundup_pow_of_two(n) (1UL << (64 - __builtin_clzl((n) - 1)))

/* Inline functions of the kernel that programs use. */
#define inet_sk(socket) ((struct inet_sock *)(socket))
#define inet_csk(socket) ((struct inet_connection_sock *)(socket))
#define tcp_sk(socket) ((struct tcp_sock *)(socket))
#define udp_sk(socket) ((struct udp_sock *)(socket))
#define sg_is_chain(list) ((list)->page_link & 1UL)
#define sg_is_last(list) ((list)->page_link & 2UL)
#define sg_chain_ptr(list) ((struct scatterlist *)((list)->page_link & ~3UL))
#define skb_get_rx_queue(skb) ((u16)((skb)->queue_mapping - 1))
#define skb_rx_queue_recorded(skb) ((skb)->queue_mapping != 0)
#define folio_page(folio, n) (&(folio)->page + (n))
#define s6_addr in6_u.u6_addr8
#define s6_addr16 in6_u.u6_addr16
#define s6_addr32 in6_u.u6_addr32
#define TCP_SKB_CB(skb) ((struct tcp_skb_cb *)&(skb)->cb[0])
#define __PAGE_OFFSET_BASE_L4 0xffff888000000000UL
#define __PAGE_OFFSET_BASE_L5 0xff11000000000000UL
#ifdef __TARGET_ARCH_x86
#define __START_KERNEL_map 0xffffffff80000000UL
#endif
#define __PAGE_OFFSET __PAGE_OFFSET_BASE_L4
#define PAGE_OFFSET ((unsigned long)__PAGE_OFFSET)

/* Packets of socket filters and tc programs. */
unsigned long long load_byte(void *skb, unsigned long long offset) __asm__("llvm.bpf.load.byte");
unsigned long long load_half(void *skb, unsigned long long offset) __asm__("llvm.bpf.load.half");
unsigned long long load_word(void *skb, unsigned long long offset) __asm__("llvm.bpf.load.word");
#define load_dword(skb, offset) (((u64)load_word(skb, offset) << 32) | load_word(skb, (offset) + 4))

/* `n_bits` bits of the packet, from bit `bit` of the byte at `at` on. */
static inline __attribute__((always_inline)) u64 bpf_dext_pkt(void *packet, u64 at, u64 bit, u64 n_bits)
{
    u64 end = bit + n_bits;

    if (end <= 8)
        return load_byte(packet, at) >> (8 - end) & MASK(n_bits);
    if (end <= 16)
        return load_half(packet, at) >> (16 - end) & MASK(n_bits);
    if (end <= 32)
        return load_word(packet, at) >> (32 - end) & MASK(n_bits);
    if (end <= 64)
        return load_dword(packet, at) >> (64 - end) & MASK(n_bits);
    return 0;
}

/* The helper bpf_skb_store_bytes. */
static long (*__bcc_store)(void *packet, u32 at, const void *bytes, u32 size, u64 flags) = (void *)9;

/* Makes `value` of these bits; what else is in the bytes stays. */
static inline __attribute__((always_inline)) void bpf_dins_pkt(void *packet, u64 at, u64 bit, u64 n_bits, u64 value)
{
    u64 end = bit + n_bits;

    value &= MASK(n_bits);
    if (end <= 8) {
        u8 bytes = value;
        if (n_bits < 8)
            bytes = (load_byte(packet, at) & ~(MASK(n_bits) << (8 - end))) | value << (8 - end);
        __bcc_store(packet, at, &bytes, sizeof(bytes), 0);
    } else if (end <= 16) {
        u16 bytes = value;
        if (n_bits < 16)
            bytes = (load_half(packet, at) & ~(MASK(n_bits) << (16 - end))) | value << (16 - end);
        bytes = bpf_htons(bytes);
        __bcc_store(packet, at, &bytes, sizeof(bytes), 0);
    } else if (end <= 32) {
        u32 bytes = value;
        if (n_bits < 32)
            bytes = (load_word(packet, at) & ~(MASK(n_bits) << (32 - end))) | value << (32 - end);
        bytes = bpf_htonl(bytes);
        __bcc_store(packet, at, &bytes, sizeof(bytes), 0);
    } else if (end <= 64) {
        u64 bytes = value;
        if (n_bits < 64)
            bytes = (load_dword(packet, at) & ~(MASK(n_bits) << (64 - end))) | value << (64 - end);
        bytes = bpf_htonll(bytes);
        __bcc_store(packet, at, &bytes, sizeof(bytes), 0);
    }
}

/* What the compiler answers itself, or says that it cannot. */
int bpf_num_cpus(void);
int bpf_usdt_readarg(int index, struct pt_regs *ctx, void *to);
int bpf_usdt_readarg_p(int index, struct pt_regs *ctx, void *to, u64 size);
int incr_cksum_l3(void *at, u64 old, u64 new);
int incr_cksum_l4(void *at, u64 old, u64 new, u64 is_pseudo);

/* The same for a packet that is given: `from` and `to` are numbers of as many bytes as the flags say. */
#define __bcc_sum(name, helper) \
    static inline __attribute__((always_inline)) int name(void *packet, u64 at, u64 from, u64 to, u64 flags) \
    { \
        static long (*replace)(void *packet, u32 at, u64 from, u64 to, u64 flags) = (void *)helper; \
        switch (flags & 0xf) { \
        case 2: return replace(packet, at, bpf_htons(from), bpf_htons(to), flags); \
        case 4: return replace(packet, at, bpf_htonl(from), bpf_htonl(to), flags); \
        case 8: return replace(packet, at, bpf_htonll(from), bpf_htonll(to), flags); \
        default: return replace(packet, at, from, to, flags); \
        } \
    }
__bcc_sum(bpf_l3_csum_replace_, 10)
__bcc_sum(bpf_l4_csum_replace_, 11)
