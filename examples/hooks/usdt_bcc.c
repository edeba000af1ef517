// A marker in the dialect of BCC. The compiler must know where its arguments are:
// `bpfc run --kernel examples/hooks/usdt_bcc.c --usdt on_marker=FILE:PROVIDER:NAME`, which attaches the program as well.
#include <uapi/linux/ptrace.h>

u64 seen;

int on_marker(struct pt_regs *ctx)
{
	int answer = 0;
	long second = 0, fourth = 0;

	bpf_usdt_readarg(1, ctx, &answer);
	bpf_usdt_readarg(2, ctx, &second);
	bpf_usdt_readarg(4, ctx, &fourth);
	if (answer == 42 && second == -7 && fourth == 1234)
		__sync_fetch_and_add(&seen, 1);
	return 0;
}
