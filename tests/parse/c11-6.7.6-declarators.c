// C11 6.7.6: declarators read from the name outwards.
typedef int T;
int *a[3], (*b)[3], *(*c)(void), (*(*d)(int, ...))[2], e(), f(void);
int (*g)(T), h(T), i(T (T)), *const *volatile p;
void j(int [const 3], int (*)(T), char **, T (*[2])(void), T);
int k : 3;
//~^ E0201
int (__attribute__((noinline)) *l)(void);
unsigned long long int m; long signed n; short unsigned int o; signed char q; _Bool r;
long double s; unsigned __int128 t; __int128_t u; _Atomic(int) v; _Atomic int w;
const int static volatile x = 1;
extern typeof(x) y;
__typeof__(int *) z;
//= ast
//| typedef T : int
//| declare a : array[3] pointer int
//| declare b : pointer array[3] int
//| declare c : pointer function() pointer int
//| declare d : pointer function(_ : int, ...) pointer array[2] int
//| declare e : function(?) int
//| declare f : function() int
//| declare g : pointer function(_ : T) int
//| declare h : function(_ : T) int
//| declare i : function(_ : function(_ : T) T) int
//| declare p : volatile pointer const pointer int
//| declare j : function(_ : array[3] int, _ : pointer function(_ : T) int, _ : pointer pointer char, _ : array[2] pointer function() T, _ : T) void
//| error
//| declare l : pointer function() int [[noinline]]
//| declare m : unsigned long long
//| declare n : long
//| declare o : unsigned short
//| declare q : signed char
//| declare r : _Bool
//| declare s : long double
//| declare t : unsigned __int128
//| declare u : __int128
//| declare v : _Atomic typeof(int)
//| declare w : _Atomic int
//| declare x : static const volatile int = 1
//| declare y : extern typeof(x)
//| declare z : typeof(pointer int)
