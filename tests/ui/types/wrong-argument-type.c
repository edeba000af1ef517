// An argument of another type than the parameter's.
typedef unsigned int u32;
static int take(u32 *p) { return *p; } //~ note: `take` is declared here
int f(u32 value)
{
	return take(value);
	          //^^^^^ E0312: argument 1 of `take` is `u32 *`, found `u32`
	//~^ help: pass its address with `&`
}
