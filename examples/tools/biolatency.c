// Shows how long block devices take to answer: a histogram of microseconds for reads, writes and the rest.
//
//   bpfc run --kernel examples/tools/biolatency.c --duration 10
//   bpfc run --kernel examples/tools/biolatency.c --watch --set device=0x800000
//   bpfc run --kernel examples/tools/biolatency.c --duration 10 --svg latency.svg
//
// It needs Linux 5.18.

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

// A request, as long as it is on its way: the device has one at a sector.
struct request_id {
	u64 sector;
	u32 device;
	u32 unused;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct request_id);
	__type(value, u64);
} issued_at SEC(".maps");

enum direction { reads, writes, others };

struct group {
	enum direction direction;
	u32 slot;
};

// Slot n counts answers after 2^n up to 2^(n+1) - 1 microseconds.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct group);
	__type(value, u64);
} latency_us SEC(".maps") __attribute__((btf_decl_tag("bpfc:histogram")));

// Only this device, if it is not 0: its major number times 2^20, plus its minor number.
const volatile u32 device;

SEC("tp/block/block_rq_issue")
int on_issue(struct trace_event_raw_block_rq *ctx)
{
	struct request_id id = { .sector = ctx->sector, .device = ctx->dev };
	u64 now = bpf_ktime_get_ns();

	if (!device || ctx->dev == device)
		bpf_map_update_elem(&issued_at, &id, &now, BPF_ANY);
	return 0;
}

static enum direction direction_of(char first, char second)
{
	// `FW` is a write that asks for a flush before.
	char letter = first == 'F' && second == 'W' ? 'W' : first;

	return letter == 'R' ? reads : letter == 'W' ? writes : others;
}

SEC("tp/block/block_rq_complete")
int on_complete(struct trace_event_raw_block_rq_completion *ctx)
{
	struct request_id id = { .sector = ctx->sector, .device = ctx->dev };
	u64 *since = bpf_map_lookup_elem(&issued_at, &id), one = 1, us, *count;
	struct group group = {};

	if (!since)
		return 0;
	us = (bpf_ktime_get_ns() - *since) / 1000;
	bpf_map_delete_elem(&issued_at, &id);
	group.direction = direction_of(ctx->rwbs[0], ctx->rwbs[1]);
	group.slot = 63 - __builtin_clzll(us | 1);
	count = bpf_map_lookup_elem(&latency_us, &group);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&latency_us, &group, &one, BPF_NOEXIST);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
