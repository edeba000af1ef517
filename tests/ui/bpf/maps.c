// Definitions of maps that the kernel would refuse.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, int);
	__uint(max_entries, 1);
} no_value SEC(".maps");
//^^^^^^^^ W0408: a `BPF_MAP_TYPE_HASH` needs a value
struct {
	__uint(typ, BPF_MAP_TYPE_HASH); //~ E0408: a map's definition has no member `typ`
} misspelt SEC(".maps");              //~^ help: did you mean `type`?
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, long);
	__type(value, long);
	__uint(max_entries, 1);
} wide_key SEC(".maps"); //~ E0408: the key of a `BPF_MAP_TYPE_ARRAY` has 4 bytes, found 8
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1000);
} ring SEC(".maps"); //~ W0408: a power of two
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, int);
	__type(value, int);
	int max_entries; //~ E0408: the map's `max_entries` is a number, found `int`
} number SEC(".maps"); //~^ help: write `__uint(max_entries, …)`
