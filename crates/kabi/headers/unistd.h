/* Numbers of system calls. */
#pragma once
#include <sys/types.h>
#include <linux/unistd.h>
