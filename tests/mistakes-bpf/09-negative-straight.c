// The length is signed and may be negative.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char line[64];

SEC("raw_tp/sys_enter")
int on_enter(void *ctx)
{
	int len = bpf_get_current_pid_tgid();

	if (len > 64)
		return 0;
	bpf_probe_read_user(line, len, (void *)0x1000);
                                //^^^ E0748: size `size` of `bpf_probe_read_user` has no upper bound
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| +	if ((__u32)len > sizeof(line))
//| +		return 0;
