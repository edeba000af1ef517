// The helper is for GPL programs.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("raw_tp/sys_enter")
int on_enter(void *ctx)
{
	char comm[16];

	bpf_probe_read_kernel(comm, sizeof(comm), ctx);
      //^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ E0406: `bpf_probe_read_kernel` is for programs under the GPL only
	return comm[0] == 'x';
}
//= fixed
//| +
//| +char LICENSE[] SEC("license") = "GPL";
