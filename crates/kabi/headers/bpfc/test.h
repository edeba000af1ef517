/* Tests beside programs, in C: `bpfc test` runs them in the virtual machine. Elsewhere nothing is left of them. */
#pragma once
#include <bpf/bpf_helpers.h>

/* A test, and what runs before each. A body returns nothing. */
#ifdef __BPFC_TEST__
#define __bpfc_test(name, place)                                   \
    static void __bpfc_body_##name(void);                          \
    __attribute__((section(place), used)) int name(void *__unused)  \
    {                                                              \
        __bpfc_body_##name();                                      \
        return 0;                                                  \
    }                                                              \
    static __attribute__((noinline)) void __bpfc_body_##name(void)
#else
#define __bpfc_test(name, place) static __attribute__((unused)) void __bpfc_body_##name(void)
#endif
#define TEST(name) __bpfc_test(name, "bpfc/test")
#define SETUP(name) __bpfc_test(name, "bpfc/setup")

static long (*__bpfc_fail)(const char *what, unsigned long long left, unsigned long long right,
                           unsigned long long flags) = (void *)0x62700001;
static long (*__bpfc_case)(const char *format, unsigned int size, const void *args,
                           unsigned int args_size) = (void *)0x62700002;
static long (*__bpfc_packet)(const char *format, unsigned int size, const void *args,
                             unsigned int args_size) = (void *)0x62700003;
static long (*__bpfc_packet_bytes)(const void *bytes, unsigned int size) = (void *)0x62700004;
/* Bytes of the packet as it is now, and how many it has. */
static long (*packet_read)(unsigned int offset, void *to, unsigned int size) = (void *)0x62700005;
static long (*packet_length)(void) = (void *)0x62700006;
static long (*__bpfc_packet_is)(const char *format, unsigned int size, const void *args,
                                unsigned int args_size) = (void *)0x62700007;
static long (*__bpfc_context)(const void *bytes, unsigned int size) = (void *)0x62700008;
/* Bytes of the context as the last run left it. */
static long (*context_read)(unsigned int offset, void *to, unsigned int size) = (void *)0x62700009;
static long (*__bpfc_args)(const void *args, unsigned int size) = (void *)0x6270000a;
/* What the traced function returned, for exit programs. */
static long (*set_return_value)(unsigned long long value) = (void *)0x6270000b;
static long (*__bpfc_run)(const char *name, unsigned long long flags) = (void *)0x6270000c;
static long (*__bpfc_event)(void *map, void *to, unsigned int size) = (void *)0x6270000d;
/* The next line that a program printed: its length, or -ENOENT. */
static long (*printed)(char *to, unsigned int size) = (void *)0x6270000e;
/* The interface that the last run redirected to, or -ENOENT. */
static long (*redirected)(void) = (void *)0x6270000f;
/* The world of programs: time since boot in nanoseconds, task, CPU. */
static long (*set_time)(unsigned long long ns) = (void *)0x62700010;
static long (*set_task)(unsigned int pid, unsigned int tgid, unsigned int uid, const char *comm) = (void *)0x62700011;
static long (*set_cpu)(unsigned int cpu) = (void *)0x62700012;
static long (*__bpfc_compare)(const char *what, const void *left, const void *right, unsigned long long size,
                              unsigned long long flags) = (void *)0x62700013;

static long (*__bpfc_mock)(const char *helper, const void *values, unsigned int size) = (void *)0x62700014;
static long (*__bpfc_mock_calls)(const char *helper) = (void *)0x62700015;

/* The packet of the runs that follow, described as `bpfc run --packet` takes it; values as bpf_printk formats them. */
#define __bpfc_formatted(call, format, args...)                                           \
    ({                                                                                    \
        static const char __format[] = format;                                            \
        unsigned long long __args[___bpf_narg(args) + 1];                                 \
        ___bpf_fill(__args, args);                                                        \
        call(__format, sizeof(__format), __args, sizeof(__args) - sizeof(__args[0]));     \
    })
#define PACKET(format, args...) __bpfc_formatted(__bpfc_packet, format, ##args)
#define PACKET_BYTES(bytes, size) __bpfc_packet_bytes(bytes, size)
/* What the failures that follow are about, such as the row of a table. */
#define CASE(format, args...) __bpfc_formatted(__bpfc_case, format, ##args)
/* The first bytes of the context: `CONTEXT(struct __sk_buff, .ifindex = 3);`. */
#define CONTEXT(type, fields...)                       \
    ({                                                 \
        type __context = { fields };                   \
        __bpfc_context(&__context, sizeof(__context)); \
    })
/* The arguments of the traced function: numbers, or pointers to objects of the test. */
#define ARGS(args...)                                 \
    ({                                                \
        unsigned long long __args[___bpf_narg(args)]; \
        ___bpf_fill(__args, args);                    \
        __bpfc_args(__args, sizeof(__args));          \
    })
/* Runs a program; its result. RUN_FAULTS expects that it is stopped by a fault. */
#define RUN(program)                      \
    ({                                    \
        (void)sizeof(&program);           \
        (int)__bpfc_run(#program, 0);     \
    })
#define RUN_FAULTS(program)               \
    ({                                    \
        (void)sizeof(&program);           \
        (void)__bpfc_run(#program, 8);    \
    })
/* Lets a helper return values to programs, one after the other and then the last again and again; without values it does
 * again what it does by itself. */
#define MOCK(helper, values...)                                                          \
    ({                                                                                   \
        unsigned long long __values[___bpf_narg(values) + 1];                            \
        (void)sizeof(helper);                                                            \
        ___bpf_fill(__values, values);                                                   \
        __bpfc_mock(#helper, __values, sizeof(__values) - sizeof(__values[0]));          \
    })
/* How often programs called a mocked helper. */
#define MOCK_CALLS(helper)                 \
    ({                                     \
        (void)sizeof(helper);              \
        __bpfc_mock_calls(#helper);        \
    })
/* Takes the next record of a ring buffer or perf event array into `*to`: its length, or -ENOENT. */
#define EVENT(map, to) __bpfc_event(&map, to, sizeof(*(to)))

#define __bpfc_is_signed(x) ((__typeof__(x))-1 < (__typeof__(x))1)
#define __bpfc_check(text, left, op, right, otherwise)                                       \
    do {                                                                                     \
        __typeof__(left) __left = (left);                                                    \
        __typeof__(right) __right = (right);                                                 \
        if (!(__left op __right)) {                                                          \
            __bpfc_fail(text, (unsigned long long)__left, (unsigned long long)__right,       \
                        __bpfc_is_signed(__left) && __bpfc_is_signed(__right));              \
            otherwise;                                                                       \
        }                                                                                    \
    } while (0)
#define __bpfc_truth(condition, text, otherwise) \
    do {                                         \
        if (!(condition)) {                      \
            __bpfc_fail(text, 0, 0, 4);          \
            otherwise;                           \
        }                                        \
    } while (0)
#define __bpfc_equal(text, left, right, size, flags, otherwise)      \
    do {                                                             \
        if (!__bpfc_compare(text, left, right, size, flags)) {       \
            otherwise;                                               \
        }                                                            \
    } while (0)

/* ASSERT ends the test where it fails, EXPECT goes on. */
#define ASSERT_EQ(left, right) __bpfc_check(#left " == " #right, left, ==, right, return)
#define ASSERT_NE(left, right) __bpfc_check(#left " != " #right, left, !=, right, return)
#define ASSERT_LT(left, right) __bpfc_check(#left " < " #right, left, <, right, return)
#define ASSERT_LE(left, right) __bpfc_check(#left " <= " #right, left, <=, right, return)
#define ASSERT_GT(left, right) __bpfc_check(#left " > " #right, left, >, right, return)
#define ASSERT_GE(left, right) __bpfc_check(#left " >= " #right, left, >=, right, return)
#define ASSERT_TRUE(condition) __bpfc_truth(condition, #condition, return)
#define ASSERT_FALSE(condition) __bpfc_truth(!(condition), "!(" #condition ")", return)
#define ASSERT_STREQ(left, right) __bpfc_equal(#left " == " #right, left, right, 0, 2, return)
#define ASSERT_BYTES(left, right, size) __bpfc_equal(#left " == " #right, left, right, size, 0, return)
#define ASSERT_PACKET(format, args...)                                \
    do {                                                              \
        if (!__bpfc_formatted(__bpfc_packet_is, format, ##args))      \
            return;                                                   \
    } while (0)
#define EXPECT_EQ(left, right) __bpfc_check(#left " == " #right, left, ==, right, )
#define EXPECT_NE(left, right) __bpfc_check(#left " != " #right, left, !=, right, )
#define EXPECT_LT(left, right) __bpfc_check(#left " < " #right, left, <, right, )
#define EXPECT_LE(left, right) __bpfc_check(#left " <= " #right, left, <=, right, )
#define EXPECT_GT(left, right) __bpfc_check(#left " > " #right, left, >, right, )
#define EXPECT_GE(left, right) __bpfc_check(#left " >= " #right, left, >=, right, )
#define EXPECT_TRUE(condition) __bpfc_truth(condition, #condition, )
#define EXPECT_FALSE(condition) __bpfc_truth(!(condition), "!(" #condition ")", )
#define EXPECT_STREQ(left, right) __bpfc_equal(#left " == " #right, left, right, 0, 2, )
#define EXPECT_BYTES(left, right, size) __bpfc_equal(#left " == " #right, left, right, size, 0, )
#define EXPECT_PACKET(format, args...) (void)__bpfc_formatted(__bpfc_packet_is, format, ##args)
