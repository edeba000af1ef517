/* Tunnels: flags of GRE headers, in network byte order. */
#pragma once
#include <linux/types.h>
#include <linux/if.h>
#include <linux/ip.h>
#include <linux/in6.h>
#include <bpf/bpf_endian.h>
#define GRE_CSUM bpf_htons(0x8000)
#define GRE_ROUTING bpf_htons(0x4000)
#define GRE_KEY bpf_htons(0x2000)
#define GRE_SEQ bpf_htons(0x1000)
#define GRE_STRICT bpf_htons(0x0800)
#define GRE_REC bpf_htons(0x0700)
#define GRE_ACK bpf_htons(0x0080)
#define GRE_FLAGS bpf_htons(0x0078)
#define GRE_VERSION bpf_htons(0x0007)
#define GRE_VERSION_0 bpf_htons(0x0000)
#define GRE_VERSION_1 bpf_htons(0x0001)
#define GRE_IS_CSUM(flags) ((flags) & GRE_CSUM)
#define GRE_IS_ROUTING(flags) ((flags) & GRE_ROUTING)
#define GRE_IS_KEY(flags) ((flags) & GRE_KEY)
#define GRE_IS_SEQ(flags) ((flags) & GRE_SEQ)
#define GRE_IS_STRICT(flags) ((flags) & GRE_STRICT)
#define GRE_IS_REC(flags) ((flags) & GRE_REC)
#define GRE_IS_ACK(flags) ((flags) & GRE_ACK)
