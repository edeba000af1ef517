/* Integer types as kernel code spells them. */
#pragma once
#include <linux/types.h>
#include <stddef.h>
#include <stdbool.h>
typedef __s8 s8;
typedef __u8 u8;
typedef __s16 s16;
typedef __u16 u16;
typedef __s32 s32;
typedef __u32 u32;
typedef __s64 s64;
typedef __u64 u64;
typedef long ssize_t;
typedef long long loff_t;
typedef int pid_t;
typedef unsigned int uid_t;
typedef unsigned int gid_t;
typedef unsigned int gfp_t;
typedef unsigned int dev_t;
typedef unsigned short umode_t;
typedef u64 sector_t;
typedef unsigned short sa_family_t;
