/* Ethernet. */
#pragma once
#include <sys/types.h>
#include <linux/if_ether.h>
