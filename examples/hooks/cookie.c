// One program at several places is told by a cookie at which it runs: `--attach on_call=ksyscall:getpgid,cookie=42`.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("tracepoint/syscalls/sys_enter_getpgid")
int on_call(void *ctx)
{
	if (bpf_get_attach_cookie(ctx) == 42)
		seen++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
