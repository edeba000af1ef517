/* TCP of the kernel. */
#pragma once
#include <net/inet_connection_sock.h>
#include <linux/tcp.h>
