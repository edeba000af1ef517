/* Registers at a probe. */
#pragma once
#include <asm/ptrace.h>
