// A typical mistake: too many args.
int g(int a);
int f(void)
{
	return g(1, 2); //~ E0306
}
