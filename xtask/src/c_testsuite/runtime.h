static long (*const bpf_trace_printk)(const char *format, unsigned size, ...) = (void *)6;
#define printf(format, ...)                                                                        \
	({                                                                                         \
		static const char format_[] = format;                                              \
		bpf_trace_printk(format_, sizeof(format_), ##__VA_ARGS__);                         \
	})
#define puts(text) printf(text "\n")
#define putchar(c) printf("%c", c)
#define NULL ((void *)0)
typedef unsigned long size_t;
typedef int wchar_t;
__attribute__((section("license"), used)) char LICENSE[] = "GPL";

static inline char *strcpy(char *to, const char *from)
{
	for (char *at = to; (*at++ = *from++);)
		;
	return to;
}

#define main program
__attribute__((section("socket"), used)) int main();
