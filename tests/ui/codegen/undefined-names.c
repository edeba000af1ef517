// What another object has to define is reported where it is first used, once for each name.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

extern int counter;
extern int never_used;
int add(int a, int b);
extern struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, long);
} shared SEC(".maps");

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	int key = 0;
	long *value = bpf_map_lookup_elem(&shared, &key); //~ E0803: the map `shared` is declared but not defined
	if (value)
		*value += add(1, 2); //~ E0803: the function `add` is declared but not defined
	counter++; //~ E0803: the variable `counter` is declared but not defined
	//~^ help: `bpfc link A.o B.o -o OUT.o`
	return counter + add(2, 3);
}

char LICENSE[] SEC("license") = "GPL";
