/* Members of TCP and request sockets. */
#pragma once
#include <net/inet_sock.h>
