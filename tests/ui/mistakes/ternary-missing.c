// A typical mistake: ternary missing.
int f(int a)
{
	return a ? 1; //~ E0201
}
