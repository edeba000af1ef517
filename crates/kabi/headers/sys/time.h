/* Clocks. */
#pragma once
#include <time.h>
