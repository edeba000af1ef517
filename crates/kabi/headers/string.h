/* The functions of C11 7.24 that a BPF compiler expands in place. */
#pragma once
#include <stddef.h>
#define memcpy(to, from, size) __builtin_memcpy((to), (from), (size))
#define memmove(to, from, size) __builtin_memmove((to), (from), (size))
#define memset(to, byte, size) __builtin_memset((to), (byte), (size))
#define memcmp(left, right, size) __builtin_memcmp((left), (right), (size))
