typedef _Bool b1;
typedef signed char s8;
typedef unsigned char u8;
typedef short s16;
typedef unsigned short u16;
typedef int s32;
typedef unsigned int u32;
typedef long long s64;
typedef unsigned long long u64;

#define always_inline static inline __attribute__((always_inline))
#define noinline static __attribute__((noinline))
#define divisor(x) ({ typeof((x) + 0) d_ = (x); d_ == 0 || d_ == (typeof(d_))-1 ? 7 : d_; })

static u64 checksum = 0x9e3779b97f4a7c15;
noinline void fold(u64 value)
{
#ifdef TRACE
	extern int printf(const char *format, ...);
	printf("%llx\n", value);
#endif
	checksum = (checksum ^ value) * 0xff51afd7ed558ccd;
	checksum ^= checksum >> 32;
}

#ifdef HOST
int printf(const char *format, ...);
u32 program(void *ctx);
int main(void)
{
	printf("%u\n", program((void *)0));
	return 0;
}
#else
__attribute__((section("license"), used)) char LICENSE[] = "GPL";
__attribute__((section("socket"), used))
#endif
u32 program(void *ctx);
