// The first argument of a map helper must be a map.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, int);
	__type(value, long);
	__uint(max_entries, 1);
} counts SEC(".maps");
SEC("xdp") int f(struct xdp_md *ctx)
{
	int key = 1;
	long *v = bpf_map_lookup_elem(counts, &key); //~ E0312: is a map
	if (v)                                       //~^ help: pass the map's address with `&`
		bpf_map_delete_elem(v, v);
	                          //^ E0312: argument 1 of `bpf_map_delete_elem` is a map, found `long *`
	bpf_map_delete_elem(&counts, key); //~ E0312: argument 2
	                                   //~^ help: pass its address with `&`
	return XDP_PASS;
}
