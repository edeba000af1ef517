/* Internet addresses. */
#pragma once
#include <stdint.h>
#include <sys/socket.h>
#include <linux/in.h>
#include <linux/in6.h>
