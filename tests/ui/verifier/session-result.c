// A program of a session says at the entry whether it wants the return: 0 or 1.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("uprobe.session//bin/sh:main")
int always(void *ctx)
{
	return 2; //~ E0709: the program returns a value that `BPF_PROG_TYPE_KPROBE` does not allow
}

SEC("kprobe.session/do_unlinkat")
int never(void *ctx)
{
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
