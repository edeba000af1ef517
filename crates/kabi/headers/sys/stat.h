/* File modes. */
#pragma once
#include <sys/types.h>
#include <linux/stat.h>
