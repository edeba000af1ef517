// How long interrupts take, by their names: how many came, and the time of all and of the longest.
//
//   bpfc run --kernel examples/tools/hardirqs.c --duration 5
//   bpfc run --kernel examples/tools/hardirqs.c --watch 1

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct interrupt {
	char name[32];
};

struct cost {
	u64 count;
	u64 total_ns;
	u64 longest_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct interrupt);
	__type(value, struct cost);
} interrupts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} since SEC(".maps");

SEC("tp_btf/irq_handler_entry")
int BPF_PROG(on_entry, int irq, struct irqaction *action)
{
	u64 *at = bpf_map_lookup_elem(&since, &(u32){ 0 });

	if (at)
		*at = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/irq_handler_exit")
int BPF_PROG(on_exit, int irq, struct irqaction *action, int ret)
{
	u64 *at = bpf_map_lookup_elem(&since, &(u32){ 0 });
	struct interrupt key = {};
	struct cost first = {}, *cost;
	u64 took;

	if (!at || !*at)
		return 0;
	took = bpf_ktime_get_ns() - *at;
	bpf_probe_read_kernel_str(key.name, sizeof(key.name), BPF_CORE_READ(action, name));
	cost = bpf_map_lookup_elem(&interrupts, &key);
	if (!cost) {
		bpf_map_update_elem(&interrupts, &key, &first, BPF_NOEXIST);
		cost = bpf_map_lookup_elem(&interrupts, &key);
	}
	if (!cost)
		return 0;
	__sync_fetch_and_add(&cost->count, 1);
	__sync_fetch_and_add(&cost->total_ns, took);
	if (took > cost->longest_ns)
		cost->longest_ns = took;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
