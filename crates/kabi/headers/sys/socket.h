/* Address families and socket types. */
#pragma once
#include <linux/socket.h>
#include <linux/net.h>
