/* IPv4. */
#pragma once
#include <netinet/in.h>
#include <linux/ip.h>
