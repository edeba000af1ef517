// RFC 9669 passes five arguments in registers.
int sum(int a, int b, int c, int d, int e, int f)
                                             //^ E0402: `sum` takes 6 arguments
{
	return a + b + c + d + e + f;
}
// A static function is inlined: no call remains.
static int sum6(int a, int b, int c, int d, int e, int f) { return a + b + c + d + e + f; }
int g(int x) { return sum6(x, x, x, x, x, x); }
