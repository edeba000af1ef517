/* C11 7.8 without the format macros. */
#pragma once
#include <stdint.h>
