// What stands in front of a statement.
int g(int);
int f(int x)
{
	[[likely]] if (x)
		__attribute__((musttail)) return g(x); //~ E0320: `musttail` cannot be kept
						       //~^ help: a program calls another by
	__attribute__((unlikly)) { x++; } //~ W0303: the attribute `unlikly` is unknown
	return x;
}
