/* Clocks. */
#pragma once
#include <stddef.h>
#include <linux/time.h>
typedef long time_t;
typedef int clockid_t;
