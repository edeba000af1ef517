/* Names of network interfaces. */
#pragma once
#define IFNAMSIZ 16
#define IFALIASZ 256
