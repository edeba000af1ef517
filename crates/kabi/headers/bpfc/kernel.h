/* What kernel headers define as macros, and BTF therefore lacks. Stands behind every kernel-internal header. */
#pragma once
#include <bpfc/kernel_types.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/stat.h>
#include <linux/fcntl.h>
#include <linux/signal.h>
#include <linux/socket.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/version.h>
#include <asm/byteorder.h>
#include <asm/page.h>

/* include/linux/kernel.h, minmax.h, compiler.h, container_of.h, math.h */
#ifndef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
#endif
#ifndef container_of
#define container_of(ptr, type, member) ((type *)((char *)(void *)(ptr) - offsetof(type, member)))
#endif
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile __typeof__(x) *)&(x) = (value))
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define min(x, y) ({ __typeof__(x) ___x = (x); __typeof__(y) ___y = (y); ___x < ___y ? ___x : ___y; })
#define max(x, y) ({ __typeof__(x) ___x = (x); __typeof__(y) ___y = (y); ___x > ___y ? ___x : ___y; })
#define min_t(type, x, y) ({ type ___x = (x); type ___y = (y); ___x < ___y ? ___x : ___y; })
#define max_t(type, x, y) ({ type ___x = (x); type ___y = (y); ___x > ___y ? ___x : ___y; })
#define div_u64(dividend, divisor) ((u64)(dividend) / (u32)(divisor))
#define div64_u64(dividend, divisor) ((u64)(dividend) / (u64)(divisor))
#define do_div(n, base) ({ u32 ___base = (base); u32 ___rem = (u64)(n) % ___base; (n) = (u64)(n) / ___base; ___rem; })
#define BIT(n) (1UL << (n))
#define BIT_ULL(n) (1ULL << (n))
#define __user
#define __kernel
#define __rcu
#define __percpu
#define __iomem
#define __force
#define __read_mostly
#define __randomize_layout

/* include/linux/byteorder/generic.h */
#define htons(x) bpf_htons(x)
#define ntohs(x) bpf_ntohs(x)
#define htonl(x) bpf_htonl(x)
#define ntohl(x) bpf_ntohl(x)
#define cpu_to_be16(x) bpf_htons(x)
#define cpu_to_be32(x) bpf_htonl(x)
#define cpu_to_be64(x) bpf_cpu_to_be64(x)
#define be16_to_cpu(x) bpf_ntohs(x)
#define be32_to_cpu(x) bpf_ntohl(x)
#define be64_to_cpu(x) bpf_be64_to_cpu(x)
#define cpu_to_le16(x) __cpu_to_le16(x)
#define cpu_to_le32(x) __cpu_to_le32(x)
#define cpu_to_le64(x) __cpu_to_le64(x)
#define le16_to_cpu(x) __cpu_to_le16(x)
#define le32_to_cpu(x) __cpu_to_le32(x)
#define le64_to_cpu(x) __cpu_to_le64(x)

/* include/linux/sched.h, include/linux/threads.h */
#define TASK_COMM_LEN 16
#define TASK_RUNNING 0x00000000
#define TASK_INTERRUPTIBLE 0x00000001
#define TASK_UNINTERRUPTIBLE 0x00000002
#define __TASK_STOPPED 0x00000004
#define __TASK_TRACED 0x00000008
#define EXIT_DEAD 0x00000010
#define EXIT_ZOMBIE 0x00000020
#define EXIT_TRACE (EXIT_ZOMBIE | EXIT_DEAD)
#define TASK_PARKED 0x00000040
#define TASK_DEAD 0x00000080
#define TASK_WAKEKILL 0x00000100
#define TASK_WAKING 0x00000200
#define TASK_NOLOAD 0x00000400
#define TASK_NEW 0x00000800
#define TASK_RTLOCK_WAIT 0x00001000
#define TASK_FREEZABLE 0x00002000
#define TASK_FROZEN 0x00008000
#define TASK_STATE_MAX 0x00010000
#define TASK_KILLABLE (TASK_WAKEKILL | TASK_UNINTERRUPTIBLE)
#define TASK_STOPPED (TASK_WAKEKILL | __TASK_STOPPED)
#define TASK_TRACED __TASK_TRACED
#define TASK_IDLE (TASK_UNINTERRUPTIBLE | TASK_NOLOAD)
#define TASK_NORMAL (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)
#define PF_VCPU 0x00000001
#define PF_IDLE 0x00000002
#define PF_EXITING 0x00000004
#define PF_IO_WORKER 0x00000010
#define PF_WQ_WORKER 0x00000020
#define PF_FORKNOEXEC 0x00000040
#define PF_SUPERPRIV 0x00000100
#define PF_DUMPCORE 0x00000200
#define PF_SIGNALED 0x00000400
#define PF_MEMALLOC 0x00000800
#define PF_KSWAPD 0x00020000
#define PF_KTHREAD 0x00200000
#define CLONE_NEWNS 0x00020000
#define CLONE_NEWCGROUP 0x02000000
#define CLONE_NEWUTS 0x04000000
#define CLONE_NEWIPC 0x08000000
#define CLONE_NEWUSER 0x10000000
#define CLONE_NEWPID 0x20000000
#define CLONE_NEWNET 0x40000000
#define CLONE_VM 0x00000100
#define CLONE_THREAD 0x00010000

/* include/linux/fs.h, include/linux/dcache.h, include/linux/genhd.h */
#define FMODE_READ 0x1
#define FMODE_WRITE 0x2
#define FMODE_EXEC 0x20
#define FMODE_CREATED 0x100000
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#define DNAME_INLINE_LEN 40
#else
#define DNAME_INLINE_LEN 32
#endif
#define DISK_NAME_LEN 32
#define MINORBITS 20
#define MINORMASK ((1U << MINORBITS) - 1)
#define MAJOR(dev) ((unsigned int)((dev) >> MINORBITS))
#define MINOR(dev) ((unsigned int)((dev) & MINORMASK))
#define MKDEV(major, minor) (((major) << MINORBITS) | (minor))

/* include/linux/blk_types.h */
#define REQ_OP_BITS 8
#define REQ_OP_MASK ((1 << REQ_OP_BITS) - 1)

/* include/vdso/time64.h */
#define MSEC_PER_SEC 1000L
#define USEC_PER_MSEC 1000L
#define NSEC_PER_USEC 1000L
#define NSEC_PER_MSEC 1000000L
#define USEC_PER_SEC 1000000L
#define NSEC_PER_SEC 1000000000L

/* include/linux/kdev_t.h, include/linux/uio.h, include/linux/err.h */
#define MAX_ERRNO 4095
#define READ 0
#define WRITE 1
#define IS_ERR_VALUE(x) ((unsigned long)(void *)(x) >= (unsigned long)-MAX_ERRNO)
#define IS_ERR(ptr) IS_ERR_VALUE(ptr)
#define IS_ERR_OR_NULL(ptr) (!(ptr) || IS_ERR_VALUE(ptr))
#define PTR_ERR(ptr) ((long)(ptr))
