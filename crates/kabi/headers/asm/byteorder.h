/* Byte order conversions as the kernel names them. */
#pragma once
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define __LITTLE_ENDIAN 1234
#define __LITTLE_ENDIAN_BITFIELD
#define __cpu_to_le16(x) ((__le16)(x))
#define __cpu_to_le32(x) ((__le32)(x))
#define __cpu_to_le64(x) ((__le64)(x))
#else
#define __BIG_ENDIAN 4321
#define __BIG_ENDIAN_BITFIELD
#define __cpu_to_le16(x) __builtin_bswap16(x)
#define __cpu_to_le32(x) __builtin_bswap32(x)
#define __cpu_to_le64(x) __builtin_bswap64(x)
#endif
#define __le16_to_cpu(x) __cpu_to_le16(x)
#define __le32_to_cpu(x) __cpu_to_le32(x)
#define __le64_to_cpu(x) __cpu_to_le64(x)
#define __cpu_to_be16(x) bpf_htons(x)
#define __cpu_to_be32(x) bpf_htonl(x)
#define __cpu_to_be64(x) bpf_cpu_to_be64(x)
#define __be16_to_cpu(x) bpf_ntohs(x)
#define __be32_to_cpu(x) bpf_ntohl(x)
#define __be64_to_cpu(x) bpf_be64_to_cpu(x)
#define __constant_htons(x) bpf_htons(x)
#define __constant_ntohs(x) bpf_ntohs(x)
#define __constant_htonl(x) bpf_htonl(x)
#define __constant_ntohl(x) bpf_ntohl(x)
