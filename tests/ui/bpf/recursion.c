// A function that calls itself; two that call each other.
static int factorial(int n)
{
	return n < 2 ? 1 : n * factorial(n - 1);
	                     //^^^^^^^^^^^^^^^^ E0401: `factorial` calls itself
}
static int odd(int n);
static int even(int n) { return n == 0 ? 1 : odd(n - 1); } //~ note: `even` calls `odd` here
static int odd(int n) { return n == 0 ? 0 : even(n - 1); }
                                          //^^^^^^^^^^^ E0401: `even` calls itself through `odd`
int f(int n) { return factorial(n) + even(n); }
