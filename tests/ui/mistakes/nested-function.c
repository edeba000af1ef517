// A typical mistake: nested function.
int f(int a)
{
	int g(int b) { return b; } //~ E0201
//~^ E0301
//~^ help: did you mean `a`?
	return g(a);
}
