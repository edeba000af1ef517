// Everything the reader knows: maps of maps, subprograms of both linkages, callbacks, all data
// sections, string literals, kernel symbols, configuration values, CO-RE.
#include "helpers.h"

struct {
	__uint(type, 1);
	__type(key, u32);
	__type(value, u64);
	__uint(max_entries, 4);
} hits SEC(".maps");

struct inner {
	__uint(type, 2);
	__uint(key_size, 4);
	__uint(value_size, 8);
	__uint(max_entries, 1);
} first SEC(".maps");

struct {
	__uint(type, 12);
	__uint(max_entries, 2);
	__type(key, u32);
	__array(values, struct inner);
} table SEC(".maps") = {.values = {[1] = &first}};

extern int LINUX_KERNEL_VERSION __attribute__((section(".kconfig"))) __attribute__((weak));
extern void bpf_rcu_read_lock(void) __attribute__((section(".ksyms"))) __attribute__((weak));
extern void bpf_rcu_read_unlock(void) __attribute__((section(".ksyms"))) __attribute__((weak));

struct task_struct {
	int pid;
	int tgid;
} __attribute__((preserve_access_index));

int global = 7;
static volatile int hidden_state;
const volatile u32 limit = 3;

static noinline int add(int a)
{
	return a * hidden_state + global;
}

noinline int weigh(int a)
{
	return a * 3 + add(a + 1);
}

static int callback(u32 i, void *ctx)
{
	return add(i) > 4;
}

SEC("xdp")
int prog(void *ctx)
{
	u32 key = limit;
	u64 *value = bpf_map_lookup_elem(&hits, &key);
	if (value)
		(*value)++;
	bpf_trace_printk("hello", 6);
	bpf_loop(10, callback, 0, 0);
	if (bpf_map_lookup_elem(&table, &key))
		return 7;
	return weigh(key) + add(3) + (LINUX_KERNEL_VERSION > 0x50000);
}

SEC("tp_btf/sched_switch")
int trace(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[1];
	if (bpf_rcu_read_lock && bpf_rcu_read_unlock) {
		bpf_rcu_read_lock();
		bpf_rcu_read_unlock();
	}
	return task->tgid == 0;
}

char _license[] SEC("license") = "GPL";
