// A name that can only be a type, but is none, is reported where it is first used.
typedef unsigned int u32;
  u23 a;
//^^^ E0315: unknown type name `u23`
//~^ help: did you mean `u32`?
int f(unk *p, u32 q) { unk2 r = 1; unk2 s; (unk3 *)p; return (unk4)q; }
    //^^^ E0315: unknown type name `unk`
                     //^^^^ E0315: unknown type name `unk2`
                                          //^^^^ E0315: unknown type name `unk3`
                                                            //^^^^ E0315: unknown type name `unk4`
__always_inline int g(void) { return 1; } //~ E0201: unknown name `__always_inline` in front of
struct s { int x; } __packed2 t; //~ E0201: unknown name `__packed2`
noret(void) { return 1; } //~ E0201: expected a type in front of `noret`
static h, *i; //~ E0203: the declaration has no type
short long j; //~ E0203: these type keywords cannot be combined
unsigned signed k; //~ E0203: `signed` and `unsigned`
static extern int l; //~ E0203: two storage classes
//= ast
//| typedef u32 : unsigned int
//| declare a : <error>
//| function f : function(p : pointer <error>, q : u32) int
//|   block
//|     declare r : <error> = 1
//|     declare s : <error>
//|     (cast <pointer <error>> p)
//|     return (cast <<error>> q)
//| function g : function() int
//|   block
//|     return 1
//| struct s
//|   member x : int
//| declare t : struct s
//| function noret : function() int
//|   block
//|     return 1
//| declare h : static <error>
//| declare i : pointer static <error>
//| declare j : <error>
//| declare k : <error>
//| declare l : static int
