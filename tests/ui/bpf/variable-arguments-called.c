// Functions with variable arguments exist elsewhere, but BPF has no way to call them.
extern int printf(const char *format, ...);

__attribute__((section("xdp"))) int program(void *ctx)
{
	return printf("%d", 1); //~ E0412
}
