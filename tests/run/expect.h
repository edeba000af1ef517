// What every language test includes. A test is one program that returns 0, or the line of
// the first expectation that fails. It needs no other header, and compiles for the host
// too (`-DHOST`), so that a second compiler can be asked.

#pragma once

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
#define offset_of(type, member) __builtin_offsetof(type, member)
#define n_elements(array) (sizeof(array) / sizeof((array)[0]))

#ifdef HOST
#define SEC(name)
int printf(const char *format, ...);
int test(void *ctx);
int main(void)
{
	int line = test(0);

	if (line)
		printf("line %d\n", line);
	return line != 0;
}
#else
#define SEC(name) __attribute__((section(name), used))
char LICENSE[] SEC("license") = "GPL";
#endif

// Compared as 64 bits, so that -1 and 4294967295 differ.
#define EXPECT(expected, ...)                                                                      \
	do {                                                                                       \
		if ((s64)(expected) != (s64)(__VA_ARGS__))                                         \
			return __LINE__;                                                           \
	} while (0)

// U8(x) is x as an unsigned char that no compiler and no verifier knows anything about.
// Calls, not inlined: without optimisation each inlined one would take room on the stack.
#define OPAQUE(name, type)                                                                         \
	static volatile type name##_slot;                                                          \
	noinline type name(type x)                                                                 \
	{                                                                                          \
		name##_slot = x;                                                                   \
		return name##_slot;                                                                \
	}
OPAQUE(BOOL, _Bool)
OPAQUE(S8, s8)
OPAQUE(U8, u8)
OPAQUE(S16, s16)
OPAQUE(U16, u16)
OPAQUE(S32, s32)
OPAQUE(U32, u32)
OPAQUE(S64, s64)
OPAQUE(U64, u64)

// The same values known at compile time.
#define KNOWN_BOOL(x) ((_Bool)(x))
#define KNOWN_S8(x) ((s8)(x))
#define KNOWN_U8(x) ((u8)(x))
#define KNOWN_S16(x) ((s16)(x))
#define KNOWN_U16(x) ((u16)(x))
#define KNOWN_S32(x) ((s32)(x))
#define KNOWN_U32(x) ((u32)(x))
#define KNOWN_S64(x) ((s64)(x))
#define KNOWN_U64(x) ((u64)(x))

// An operator on values folded and not.
#define UNARY(expected, op, type, x)                                                               \
	do {                                                                                       \
		EXPECT(expected, op KNOWN_##type(x));                                              \
		EXPECT(expected, op type(x));                                                      \
	} while (0)
#define BINARY(expected, type_a, a, op, type_b, b)                                                 \
	do {                                                                                       \
		EXPECT(expected, KNOWN_##type_a(a) op KNOWN_##type_b(b));                          \
		EXPECT(expected, type_a(a) op KNOWN_##type_b(b));                                  \
		EXPECT(expected, KNOWN_##type_a(a) op type_b(b));                                  \
		EXPECT(expected, type_a(a) op type_b(b));                                          \
	} while (0)
// A conversion of a value folded and not.
#define CAST(expected, to, from, x)                                                                \
	do {                                                                                       \
		EXPECT(expected, KNOWN_##to(KNOWN_##from(x)));                                     \
		EXPECT(expected, KNOWN_##to(from(x)));                                             \
	} while (0)
