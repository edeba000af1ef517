/* Byte order of the host. */
#pragma once
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#ifndef __LITTLE_ENDIAN
#define __LITTLE_ENDIAN 1234
#endif
#ifndef __BIG_ENDIAN
#define __BIG_ENDIAN 4321
#endif
#define __BYTE_ORDER __BYTE_ORDER__
#define LITTLE_ENDIAN 1234
#define BIG_ENDIAN 4321
#define BYTE_ORDER __BYTE_ORDER__
#define htobe16(x) bpf_htons(x)
#define htobe32(x) bpf_htonl(x)
#define htobe64(x) bpf_cpu_to_be64(x)
#define be16toh(x) bpf_ntohs(x)
#define be32toh(x) bpf_ntohl(x)
#define be64toh(x) bpf_be64_to_cpu(x)
