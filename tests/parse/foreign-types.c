// Names that the text does not declare are types if the outside world says so.
//@ types: u32 u64 pid_t foo
u32 a;
u64 *b, c(u32, pid_t *), (*d)(u64 x);
int e(u32 x) { u64 y = (u64)x + sizeof(u32) + not_a_type * x; foo *z = (foo *)0; return f(u32, y); }
 //~^ E0201: expected an expression, found a type
struct s { u32 bits : 3; u32 : 5; };
void g(void) { u32 u32 = 1; u32 * a; call(pid, XDP_PASS); (u64 (*)(u64))0; }
//= ast
//| declare a : u32
//| declare b : pointer u64
//| declare c : function(_ : u32, _ : pointer pid_t) u64
//| declare d : pointer function(x : u64) u64
//| function e : function(x : u32) int
//|   block
//|     declare y : u64 = (+ (+ (cast <u64> x) (sizeof <u32>)) (* not_a_type x))
//|     declare z : pointer foo = (cast <pointer foo> 0)
//|     return <error>
//| struct s
//|   member bits : u32 bits=3
//|   member _ : u32 bits=5
//| declare struct s
//| function g : function() void
//|   block
//|     declare u32 : u32 = 1
//|     (* u32 a)
//|     (call call pid XDP_PASS)
//|     (cast <pointer function(_ : u64) u64> 0)
