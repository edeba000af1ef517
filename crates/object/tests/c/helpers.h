// What the test programs need of BPF's headers.
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;
#define SEC(name) __attribute__((section(name), used))
#define noinline __attribute__((noinline))
#define __uint(name, val) int (*name)[val]
#define __ulong(name, val) enum { __x_##name = val } *name
#define __type(name, val) typeof(val) *name
#define __array(name, val) typeof(val) *name[]
static void *(*bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*bpf_trace_printk)(const char *fmt, u32 size, ...) = (void *)6;
static long (*bpf_tail_call)(void *ctx, void *map, u32 index) = (void *)12;
static long (*bpf_loop)(u32 n, void *callback, void *ctx, u64 flags) = (void *)181;
