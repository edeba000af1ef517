/* UDP. */
#pragma once
#include <linux/udp.h>
#ifndef SOL_UDP
#define SOL_UDP 17
#endif
