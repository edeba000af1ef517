/* The registers of a target that the kernel's types are not of. Empty where BTF has them. */
#pragma once
#undef __BPFC_REGISTERS__
#define __BPFC_REGISTERS__ __attribute__((preserve_access_index))
#include <asm/ptrace.h>
