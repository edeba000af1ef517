/* All that an object can hold besides code: externs of the kernel, maps in maps, programs in maps, a pinned map,
 * sections of data with names of their own, functions of every linkage, an optional program. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* A part of the kernel's, whose fields are elsewhere. */
struct sk_buff {
	unsigned int len;
} __attribute__((preserve_access_index));

extern int LINUX_KERNEL_VERSION __kconfig;
extern unsigned int CONFIG_HZ __kconfig __weak;
extern unsigned int CONFIG_NO_SUCH_THING __kconfig __weak;
extern const void vfs_read __ksym;
extern const int no_such_variable __ksym __weak;
extern void *bpf_cast_to_kern_ctx(void *context) __ksym;
extern int no_such_function(int x) __ksym __weak;

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} first SEC(".maps"), second SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = { .values = { [1] = &first, [3] = &second } };

int target(struct __sk_buff *skb);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, 4);
	__array(values, int(struct __sk_buff *));
} programs SEC(".maps") = { .values = { [1] = (void *)&target } };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} bpfc_pinned SEC(".maps");

const volatile int limit = 10;
static const char words[] = "words";
int initialised = 7;
__u64 zero;
int custom SEC(".data.custom") = 11;
const int custom_constant SEC(".rodata.custom") = 13;
__u64 custom_bss SEC(".data.more");
static volatile int hidden_state = 3;
__u64 results[12];

__noinline int shared(int x)
{
	return x * limit + hidden_state;
}

__weak int overridable(int x)
{
	return x + 1;
}

__hidden __noinline int inside(int x)
{
	return x - 1;
}

static int step(__u32 index, void *context)
{
	*(__u64 *)context += index;
	return 0;
}

SEC("tc")
int all(struct __sk_buff *skb)
{
	__u32 one = 1, zero_key = 0;
	__u64 sum = 0;
	struct sk_buff *kernel_skb;
	void *map = bpf_map_lookup_elem(&outer, &one);
	__u64 *value;

	results[0] = LINUX_KERNEL_VERSION;
	results[1] = CONFIG_HZ;
	results[2] = CONFIG_NO_SUCH_THING;
	results[3] = (__u64)&vfs_read != 0;
	results[4] = &no_such_variable == 0;
	results[5] = shared(4) + overridable(1) + inside(1);
	bpf_loop(5, step, &sum, 0);
	results[6] = sum;
	if (map && (value = bpf_map_lookup_elem(map, &zero_key)))
		*value = 99;
	results[7] = custom + custom_constant + initialised;
	custom_bss += words[skb->len & 3];
	if (&no_such_function)
		results[8] = no_such_function(1);
	kernel_skb = bpf_cast_to_kern_ctx(skb);
	results[9] = kernel_skb->len == skb->len && skb->len;
	bpf_printk("all %d", skb->len);
	bpf_tail_call(skb, &programs, 1);
	return 1;
}

SEC("tc")
int target(struct __sk_buff *skb)
{
	results[10] = shared(1);
	return 5;
}

SEC("?tc")
int optional(struct __sk_buff *skb)
{
	/* The kernel would refuse this. */
	return *(int *)(long)skb->len;
}

char LICENSE[] SEC("license") = "GPL";
__u32 _version SEC("version") = 1;
