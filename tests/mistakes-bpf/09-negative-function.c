// A helper returns an error number, and it becomes a length.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

char line[64];

static void send(long len)
{
	if (len <= 64)
		bpf_ringbuf_output(&events, line, len, 0);
                                                //^^^ E0748: size `size` of `bpf_ringbuf_output` may be negative
}

SEC("raw_tp/sys_enter")
int on_enter(void *ctx)
{
	send(bpf_probe_read_user_str(line, sizeof(line), (void *)0x1000));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -	if (len <= 64)
//| +	if (len <= 64) {
//| +		if (len > sizeof(line))
//| +			return;
//| +	}
