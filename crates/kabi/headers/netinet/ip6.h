/* IPv6. */
#pragma once
#include <netinet/in.h>
#include <linux/ipv6.h>
