// A typical mistake: too few args.
int g(int a, int b);
int f(void)
{
	return g(1); //~ E0306
}
