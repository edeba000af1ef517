/* Ethernet. */
#pragma once
#include <linux/if_ether.h>
