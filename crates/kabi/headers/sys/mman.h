/* Flags of mmap. */
#pragma once
#include <linux/mman.h>
