// A function without an end does not swallow the next one.
int f(int x)
{ //~ E0204: this `{` is never closed
	x = 1;

int g(void) { return 1; }
int y;
//= ast
//| function f : function(x : int) int
//|   block
//|     (= x 1)
//|     error
//| function g : function() int
//|   block
//|     return 1
//| declare y : int
