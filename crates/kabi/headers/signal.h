/* Signals. */
#pragma once
#include <sys/types.h>
#include <linux/signal.h>
