/* Error numbers. */
#pragma once
#include <linux/errno.h>
