// The length is checked, then changed.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char line[64];

static void copy(__u32 len)
{
	bpf_probe_read_user(line, len, (void *)0x1000);
                                //^^^ E0707: `bpf_probe_read_user` accesses memory at `line` that may be outside section `.bss`, which has 64 bytes
}

SEC("raw_tp/sys_enter")
int on_enter(void *ctx)
{
	__u32 len = bpf_get_current_pid_tgid();

	if (len > 60)
		return 0;
	len += bpf_get_prandom_u32() & 15;
	copy(len);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| +	if (len > sizeof(line))
//| +		return;
