// Macros: arguments, stringizing, pasting, variadic ones, rescanning, conditionals.
#include "expect.h"
#include "expect.h"

#define ONE 1
#define TWO (ONE + 1)
#define ADD(a, b) ((a) + (b))
#define UNSAFE(a, b) a * b
#define EMPTY
#define NOTHING()
#define STRING(x) #x
#define EXPANDED(x) STRING(x)
#define PASTE(a, b) a##b
#define PASTED(a, b) PASTE(a, b)
#define FIRST(first, ...) first
#define REST(first, ...) __VA_ARGS__
#define SUM3(a, b, c) (a + b + c)
#define CALL(f, ...) f(__VA_ARGS__)
#define GNU(first, rest...) CALL(SUM3, first, rest)
#define OPTIONAL(first, ...) list_sum(first, ##__VA_ARGS__)
#define list_sum(...) (0 LIST_3(__VA_ARGS__, +0, +0, +0))
#define LIST_3(a, b, c, ...) +a + b + c
#define COUNT(...) COUNT_(0, ##__VA_ARGS__, 4, 3, 2, 1, 0)
#define COUNT_(zero, a, b, c, d, n, ...) n
#define VA_OPT(first, ...) (first __VA_OPT__(+) __VA_ARGS__)
#define SELF(x) (x + SELF_CALLS)
#define SELF_CALLS 1
#define recursive recursive + 1
#define F(x) x
#define LPAREN (
#define STATEMENT(x)                                                                               \
	do {                                                                                       \
		x;                                                                                 \
	} while (0)
#define MAX(a, b)                                                                                  \
	({                                                                                         \
		__typeof__(a) PASTED(left_, __LINE__) = (a);                                       \
		__typeof__(b) PASTED(right_, __LINE__) = (b);                                      \
		PASTED(left_, __LINE__) > PASTED(right_, __LINE__) ? PASTED(left_, __LINE__) :     \
								     PASTED(right_, __LINE__);     \
	})
#define FIELDS(field) field(alpha, 1) field(beta, 2) field(gamma, 3)
#define AS_ENUM(name, value) name = value,
#define AS_MEMBER(name, value) u32 name##_member;
#define AS_SUM(name, value) +value * 10

enum field_values { FIELDS(AS_ENUM) };
struct fields {
	FIELDS(AS_MEMBER)
};

#define length(s) (sizeof(s) - 1)

noinline u32(F)(u32 x)
{
	return x + 100;
}

SEC("xdp") int test(void *ctx)
{
	u32 recursive_value = 5, ab = 12, n = 0;
	char text[] = EXPANDED(TWO);
	struct fields f = { .beta_member = 2 };

	EXPECT(2, TWO);
	EXPECT(3, ADD(ONE, TWO));
	EXPECT(10, ADD((1, 4), 6));
	EXPECT(7, UNSAFE(1 + 2, 3));
	EXPECT(5, 5 EMPTY);
	EXPECT(5, 5 NOTHING());
	EXPECT(1, length(STRING(x)));
	EXPECT(3, length(STRING(TWO)));
	EXPECT(7, length(EXPANDED(TWO)));
	EXPECT('(', text[0]);
	EXPECT('1', text[1]);
	EXPECT('+', text[3]);
	EXPECT(3, length(STRING( a   b )));
	EXPECT('"', STRING("x")[0]);
	EXPECT('\\', STRING('\n')[1]);
	EXPECT(0, length(STRING()));
	EXPECT(12, PASTE(a, b));
	EXPECT(12, PASTE(1, 2));
	EXPECT(0x1f, PASTE(0x, 1f));
	EXPECT(12, PASTED(ONE, 2));
	EXPECT(8, 1 PASTE(<, <) 3);
	EXPECT(5, PASTE(, 5));
	EXPECT(ab, PASTE(ab, ));
	EXPECT(7, FIRST(7, 8, 9));
	EXPECT(7, FIRST(7));
	EXPECT(9, (REST(7, 8, 9)));
	EXPECT(6, CALL(SUM3, 1, 2, 3));
	EXPECT(9, GNU(2, 3, 4));
	EXPECT(1, OPTIONAL(1));
	EXPECT(6, OPTIONAL(1, 2, 3));
	EXPECT(0, COUNT());
	EXPECT(1, COUNT(a));
	EXPECT(3, COUNT(a, b, c));
	EXPECT(1, VA_OPT(1));
	EXPECT(3, VA_OPT(1, 2));
	EXPECT(3, SELF(2));
#define recursive_value recursive_value + 1
	EXPECT(6, recursive_value);
#undef recursive_value
	EXPECT(5, recursive_value);
	// The name of a macro inside of its own expansion stays as it is.
	EXPECT(103, F(F)(U32(3)));
	EXPECT(4, F(F(F(4))));
	STATEMENT(n = 5);
	EXPECT(5, n);
	if (n)
		STATEMENT(n++);
	else
		STATEMENT(n--);
	EXPECT(6, n);
	EXPECT(9, MAX(U32(9), U32(4)));
	EXPECT(9, MAX(U32(4), MAX(U32(9), U32(1))));
	EXPECT(3, gamma);
	EXPECT(2, f.beta_member);
	EXPECT(60, 0 FIELDS(AS_SUM));
	EXPECT(14, UNSAFE
		   (2,
		    7));

	// Conditionals.
#if 0
	return __LINE__;
	this is not C '
#elif defined(ONE) && ONE == 1 && !defined NEVER
	n = 1;
#else
	return __LINE__;
#endif
	EXPECT(1, n);
#if ADD(1, 2) == 3 && (UNDEFINED == 0) && -1 < 0 && (1 ? 2 : 0) == 2 && 'a' == 97
	n = 2;
#endif
	EXPECT(2, n);
#if -1 > 0u
	n = 3;
#endif
	EXPECT(3, n);
#if 1 << 40 == 1099511627776 && 0xffffffffffffffff == -1 && ~0 == -1 && 7 / 2 == 3
	n = 4;
#endif
	EXPECT(4, n);
#ifdef NEVER
	return __LINE__;
#else
#ifndef NEVER
	n = 5;
#endif
#endif
	EXPECT(5, n);
#if 1 || 1 / 0
	n = 6;
#endif
	EXPECT(6, n);
#if __has_include("expect.h") && !__has_include("no_such.h")
	n = 7;
#endif
	EXPECT(7, n);

	// Predefined.
	EXPECT(1, __STDC__);
	EXPECT(1, __STDC_VERSION__ >= 201112);
	EXPECT(0, __COUNTER__);
	EXPECT(1, __COUNTER__);
	EXPECT(1, __LINE__ > 100);
	EXPECT('r', __FILE__[sizeof(__FILE__) - 4]);
	EXPECT(0, __INCLUDE_LEVEL__);
#line 1000
	EXPECT(1000, __LINE__);
#line 2000 "other.c"
	EXPECT(2000, __LINE__);
	EXPECT('.', __FILE__[5]);
	EXPECT(4, sizeof(__func__) - 1);
	EXPECT('t', __func__[0]);

	// Line splices and comments.
	EXPECT(12, 1\
2);
	EXPECT(3, 1 /* a // b */ + 2);
	n = 1; // a comment \
	n = 2;
	EXPECT(1, n);
	EXPECT(5, 10 //* one comment
		   / 2);
%:define DIGRAPH <% 4, 5 %>
	u32 digraph<:2:> = DIGRAPH;
	EXPECT(5, digraph[1]);
	return 0;
}
//~ run == 0
