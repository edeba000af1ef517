/* Byte order of network numbers. */
#pragma once
#include <netinet/in.h>
#include <bpf/bpf_endian.h>
#define htons(x) bpf_htons(x)
#define ntohs(x) bpf_ntohs(x)
#define htonl(x) bpf_htonl(x)
#define ntohl(x) bpf_ntohl(x)
