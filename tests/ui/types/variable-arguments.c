// `va_list` can be named. That is all.
#include <linux/bpf.h>
#include <stdarg.h>
#include <bpf/bpf_helpers.h>

int printf_like(const char *format, va_list list);

static inline int unused(int n, ...)
{
	return n;
}

SEC("xdp") int prog(struct xdp_md *ctx)
{
	va_list list = 0, copy;

	va_copy(copy, list); //~ E0322: `va_copy`
	va_end(list); //~ E0322: `va_end`
	return va_arg(list, int); //~ E0322: `va_arg`
}

char LICENSE[] SEC("license") = "GPL";
