/* Flags of clone, and scheduling policies. */
#pragma once
#include <sys/types.h>
#include <linux/sched.h>
