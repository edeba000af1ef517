// A kernel's module may bring a wchar_t of its own; headers of the C library do not ask for theirs.
typedef unsigned short wchar_t;
#define __need_size_t
#define __need_NULL
#include <stddef.h>
_Static_assert(sizeof(wchar_t) == 2 && sizeof(size_t) == 8 && !NULL, "");
