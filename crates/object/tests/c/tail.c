// A program array that names its programs, pinned and large maps, programs that share a section.
#include "helpers.h"

int one(void *ctx);

struct {
	__uint(type, 3);
	__uint(max_entries, 4);
	__uint(key_size, 4);
	__array(values, int(void *));
} jumps SEC(".maps") = {.values = {[2] = (void *)&one}};

struct {
	__uint(type, 2);
	__uint(max_entries, 16);
	__uint(map_flags, 1024);
	__type(key, u32);
	__type(value, struct { u64 a; char name[16]; });
} wide SEC(".maps");

struct {
	__uint(type, 27);
	__uint(max_entries, 4096);
} ring SEC(".maps");

SEC("socket")
int one(void *ctx)
{
	return 1;
}

SEC("socket")
int two(void *ctx)
{
	u32 key = 3;
	bpf_tail_call(ctx, &jumps, 2);
	return bpf_map_lookup_elem(&wide, &key) == 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
