#include "plain.h"
nested __INCLUDE_LEVEL__
#include_next <nested.h>
