// The runtime of programs that csmith writes, for compilers of BPF and of the host: integer types,
// operators that are defined for all operands, and a checksum that is the program's result.

#pragma once

typedef signed char int8_t;
typedef unsigned char uint8_t;
typedef short int16_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;

static uint64_t checksum;

// One after the other, as the order counts.
static __attribute__((noinline)) void fold(uint64_t value)
{
	checksum = (checksum ^ value) * 0x100000001b3;
	checksum ^= checksum >> 29;
}

#define transparent_crc(value, name, flag) fold(value)
#define platform_main_begin() checksum = 0xcbf29ce484222325
#define crc32_gentab()
#define crc32_context 0u
#define printf(...)

#ifdef HOST
#undef printf
int printf(const char *format, ...);
#define RESULT(...)                                                                                \
	do {                                                                                       \
		printf("%u\n", (uint32_t)(checksum ^ checksum >> 32));                             \
		return 0;                                                                          \
	} while (0)
#else
#define RESULT(...) return (uint32_t)(checksum ^ checksum >> 32)
#define main __attribute__((section("socket"), used)) program
__attribute__((section("license"), used)) char LICENSE[] = "GPL";
#endif
#define platform_main_end RESULT

// What C leaves undefined gives the left operand.
#define UNARY(type, sign, least)                                                                   \
	static inline type safe_unary_minus_func_##type##_##sign(type a)                           \
	{                                                                                          \
		return least && a == least ? a : -a;                                               \
	}
#define DIVISION(name, type, sign, op, least)                                                      \
	static inline type safe_##name##_func_##type##_##sign##_##sign(type a, type b)             \
	{                                                                                          \
		return b == 0 || (least && a == least && b == (type)-1) ? a : a op b;              \
	}
// In 64 bits without sign, and back.
#define WRAP(name, type, sign, op)                                                                 \
	static inline type safe_##name##_func_##type##_##sign##_##sign(type a, type b)             \
	{                                                                                          \
		return (type)((uint64_t)a op (uint64_t)b);                                         \
	}
#define SHIFT(name, type, sign, count, letter, op, wide)                                           \
	static inline type safe_##name##_func_##type##_##sign##_##letter(type a, count b)          \
	{                                                                                          \
		return (uint32_t)b >= sizeof(type) * 8 ? a : (type)((wide)a op b);                 \
	}
#define TYPE(type, sign, least, left)                                                              \
	UNARY(type, sign, least)                                                                   \
	WRAP(add, type, sign, +)                                                                   \
	WRAP(sub, type, sign, -)                                                                   \
	WRAP(mul, type, sign, *)                                                                   \
	DIVISION(div, type, sign, /, least)                                                        \
	DIVISION(mod, type, sign, %, least)                                                        \
	SHIFT(lshift, type, sign, int, s, <<, left)                                                \
	SHIFT(lshift, type, sign, unsigned, u, <<, left)                                           \
	SHIFT(rshift, type, sign, int, s, >>, type)                                                \
	SHIFT(rshift, type, sign, unsigned, u, >>, type)

TYPE(int8_t, s, -128, uint32_t)
TYPE(uint8_t, u, 0, uint32_t)
TYPE(int16_t, s, -32768, uint32_t)
TYPE(uint16_t, u, 0, uint32_t)
TYPE(int32_t, s, (-2147483647 - 1), uint32_t)
TYPE(uint32_t, u, 0, uint32_t)
TYPE(int64_t, s, (-9223372036854775807 - 1), uint64_t)
TYPE(uint64_t, u, 0, uint64_t)
