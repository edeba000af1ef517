/* Interfaces. */
#pragma once
#include <sys/socket.h>
#include <linux/if.h>
