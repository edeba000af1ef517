// A missing `}` is found by indentation; what follows is parsed as usual.
int f(int x)
{
	if (x) {
//~^ E0204: this `{` is never closed
		x = 1;
	return x;
}
int g(void) { return 1 } //~ E0201: expected `;`
//= ast
//| function f : function(x : int) int
//|   block
//|     if x
//|       block
//|         (= x 1)
//|         return x
//|     error
//| function g : function() int
//|   block
//|     return 1
