// C11 6.2.1: whether a name is a type depends on the scope it is in.
typedef int T;
T *f(T a) { int T = 3; return T * a; }
T after;
void g(void) { T T; T = 1; { typedef long U; U z; } int U = U * 2; }
void h(int T, int y);
struct s { T T; };
void k(void) { for (int T = 0; T < 3; T++) T * T; T x; }
enum { A, B = sizeof(T) };
void m(T (*T)(T)) { T(1); }
int n = sizeof(T) + (T)1;
typedef struct foo foo;
struct foo { foo *next; };
foo *mk(foo *foo) { return foo->next; }
foo *last;
//= ast
//| typedef T : int
//| function f : function(a : T) pointer T
//|   block
//|     declare T : int = 3
//|     return (* T a)
//| declare after : T
//| function g : function() void
//|   block
//|     declare T : T
//|     (= T 1)
//|     block
//|       typedef U : long
//|       declare z : U
//|     declare U : int = (* U 2)
//| declare h : function(T : int, y : int) void
//| struct s
//|   member T : T
//| declare struct s
//| function k : function() void
//|   block
//|     for; (< T 3); (post++ T)
//|       declare T : int = 0
//|       (* T T)
//|     declare x : T
//| enum <tag1>
//|   A
//|   B = (sizeof <T>)
//| declare enum <tag1>
//| function m : function(T : pointer function(_ : T) T) void
//|   block
//|     (call T 1)
//| declare n : int = (+ (sizeof <T>) (cast <T> 1))
//| typedef foo : struct foo
//| struct foo
//|   member next : pointer foo
//| declare struct foo
//| function mk : function(foo : pointer foo) pointer foo
//|   block
//|     return (->next foo)
//| declare last : pointer foo
