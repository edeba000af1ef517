/* Infrared remotes. */
#pragma once
#include <linux/types.h>
#define LIRC_VALUE(sample) ((sample) & LIRC_VALUE_MASK)
#define LIRC_MODE2(sample) ((sample) & LIRC_MODE2_MASK)
#define LIRC_IS_SPACE(sample) (LIRC_MODE2(sample) == LIRC_MODE2_SPACE)
#define LIRC_IS_PULSE(sample) (LIRC_MODE2(sample) == LIRC_MODE2_PULSE)
#define LIRC_IS_FREQUENCY(sample) (LIRC_MODE2(sample) == LIRC_MODE2_FREQUENCY)
#define LIRC_IS_TIMEOUT(sample) (LIRC_MODE2(sample) == LIRC_MODE2_TIMEOUT)
#define LIRC_IS_OVERFLOW(sample) (LIRC_MODE2(sample) == LIRC_MODE2_OVERFLOW)
#define LIRC_SPACE(value) (((value) & LIRC_VALUE_MASK) | LIRC_MODE2_SPACE)
#define LIRC_PULSE(value) (((value) & LIRC_VALUE_MASK) | LIRC_MODE2_PULSE)
#define LIRC_FREQUENCY(value) (((value) & LIRC_VALUE_MASK) | LIRC_MODE2_FREQUENCY)
#define LIRC_TIMEOUT(value) (((value) & LIRC_VALUE_MASK) | LIRC_MODE2_TIMEOUT)
