// A helper for GPL programs only, in a program under another license.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("kprobe/do_unlinkat") int f(void *ctx)
{
	char comm[16];
	bpf_probe_read_kernel(comm, sizeof(comm), ctx);
//      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ E0406: `bpf_probe_read_kernel` is for programs under the GPL only
	//~^ help: the kernel takes these
	return comm[0];
}
char license[] SEC("license") = "MIT"; //~ note: the license is `MIT` here
