/* Every macro of libbpf that declares or reads something, as programs use it. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <linux/ptrace.h>

static long (*bpf_trace_printk)(const char *fmt, __u32 fmt_size, ...) = (void *)6;
static long (*bpf_trace_vprintk)(const char *fmt, __u32 fmt_size, const void *data, __u32 data_len) = (void *)177;
static long (*bpf_probe_read_kernel)(void *dst, __u32 size, const void *from) = (void *)113;
static long (*bpf_probe_read_user)(void *dst, __u32 size, const void *from) = (void *)112;
static long (*bpf_probe_read_kernel_str)(void *dst, __u32 size, const void *from) = (void *)115;
static long (*bpf_snprintf)(char *str, __u32 size, const char *fmt, __u64 *data, __u32 len) = (void *)165;

struct inner {
    int x;
    struct inner *next;
    unsigned flag : 3;
    char name[8];
} __attribute__((preserve_access_index));
enum kind { KIND_A = 7 };

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __type(key, int);
    __type(value, struct inner);
    __uint(max_entries, 4);
} table SEC(".maps");

char _license[] SEC("license") = "GPL";
_Static_assert(bpf_htons(0x1234) == 0x3412, "constants are swapped by the compiler");

SEC("fentry/f") int BPF_PROG(on_entry, struct inner *node, int y)
{
    char out[16];
    bpf_printk("none");
    bpf_printk("%d", y);
    bpf_printk("%d %d %d %d", y, y, y, y);
    BPF_SNPRINTF(out, sizeof(out), "%d %d", y, y);
    BPF_CORE_READ_STR_INTO(&out, node, next, name);
    return BPF_CORE_READ(node, next, next, next, x) + BPF_CORE_READ(node, x) + out[0] +
           BPF_PROBE_READ_USER(node, next, x) + bpf_core_field_exists(node->x) +
           bpf_core_field_exists(struct inner, name) + bpf_core_field_size(node->name) +
           bpf_core_type_size(struct inner) + bpf_core_type_exists(struct inner) +
           bpf_core_enum_value(enum kind, KIND_A) + BPF_CORE_READ_BITFIELD_PROBED(node, flag);
}
SEC("kprobe/f") int BPF_KPROBE(on_call, struct inner *node, int n)
{
    int i, sum = node != NULL;
    bpf_for(i, 0, n)
        sum += i;
    bpf_repeat(3)
        sum++;
    return sum;
}
SEC("kprobe/g") int BPF_KPROBE(without_arguments) { return PT_REGS_PARM1(ctx) != 0; }
SEC("kretprobe/f") int BPF_KRETPROBE(on_return, int result) { return result; }
SEC("ksyscall/openat") int BPF_KSYSCALL(on_openat, int dfd, const char *path) { return dfd + (path != 0); }
SEC("xdp") int swap(struct xdp_md *ctx) { return bpf_ntohl(ctx->ingress_ifindex) + bpf_be64_to_cpu(1); }
