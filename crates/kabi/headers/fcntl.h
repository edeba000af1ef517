/* Flags of open. */
#pragma once
#include <sys/types.h>
#include <linux/fcntl.h>
