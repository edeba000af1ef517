// Functions that nobody calls may do what BPF cannot: they are not translated.
#include <linux/bpf.h>
#include <stdarg.h>
#include <bpf/bpf_helpers.h>

int many(int a, int b, int c, int d, int e, int f);

static inline double half(double x)
{
	return x / 2;
}

static inline int sum(int n, ...)
{
	va_list list;

	va_start(list, n);
	return va_arg(list, int) + many(1, 2, 3, 4, 5, 6);
}

static __always_inline int wrong(void)
{
	return undeclared; //~ E0301
}

SEC("xdp") int prog(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
