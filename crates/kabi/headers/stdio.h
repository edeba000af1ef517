/* Nothing of the C library is there but its types. */
#pragma once
#include <stddef.h>
