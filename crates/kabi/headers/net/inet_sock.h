/* Members of `struct inet_sock` that are macros over `struct sock_common`. */
#pragma once
#include <net/sock.h>
#define inet_daddr sk.__sk_common.skc_daddr
#define inet_rcv_saddr sk.__sk_common.skc_rcv_saddr
#define inet_dport sk.__sk_common.skc_dport
#define inet_num sk.__sk_common.skc_num
