// A name behind the `}` of a struct is no type, unless a `;` is missing.
//@ types: u32 pid_t
struct s { int a; } u32;
struct t { int a; }
                 //^ E0201: expected `;` after the definition of a type
pid_t f(pid_t p) { struct { int b; } pid_t[2]; return p; }
//= ast
//| struct s
//|   member a : int
//| declare u32 : struct s
//| struct t
//|   member a : int
//| declare struct t
//| function f : function(p : pid_t) pid_t
//|   block
//|     struct <tag2>
//|       member b : int
//|     declare pid_t : array[2] struct <tag2>
//|     return p
