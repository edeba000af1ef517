// Nothing bounds the length.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char line[64];

SEC("raw_tp/sys_enter")
int on_enter(void *ctx)
{
	__u64 len = bpf_get_current_pid_tgid();

	bpf_probe_read_user(line, len, (void *)0x1000);
                                //^^^ E0748: size `size` of `bpf_probe_read_user` has no upper bound
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| +	if (len > sizeof(line))
//| +		return 0;
