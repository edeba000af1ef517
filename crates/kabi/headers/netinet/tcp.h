/* TCP. */
#pragma once
#include <linux/tcp.h>
#ifndef SOL_TCP
#define SOL_TCP 6
#endif
