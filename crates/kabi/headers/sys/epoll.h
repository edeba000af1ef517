/* Events of epoll. */
#pragma once
#include <linux/eventpoll.h>
