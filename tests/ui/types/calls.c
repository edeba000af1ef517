// Calls (C11 6.5.2.2).
static int two(int a, int b) { return a + b; } //~ note: `two` is declared here
int f(int x)
{
	int r = two(x);
	      //^^^ E0306: `two` takes 2 arguments, found 1
	r += two(1, 2, x, x);
	             //^^^^ E0306: `two` takes 2 arguments, found 4
	r += tow(1, 2); //~ E0321: the function `tow` is not declared
	return r; //~^ help: did you mean `two`?
}
