/* C11 7.19. Headers of C libraries say what they need of it; a program may have its own wchar_t. */
typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ptrdiff_t;
#if defined(__need_wchar_t) || !defined(__need_size_t) && !defined(__need_NULL)
typedef __WCHAR_TYPE__ wchar_t;
#endif
#undef __need_size_t
#undef __need_ptrdiff_t
#undef __need_wchar_t
#undef __need_NULL
#undef NULL
#define NULL ((void *)0)
#undef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
