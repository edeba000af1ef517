/* ARP. */
#pragma once
#include <linux/if_arp.h>
