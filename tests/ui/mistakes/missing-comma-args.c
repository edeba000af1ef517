// A typical mistake: missing comma args.
int g(int a, int b);
int f(int a)
{
	return g(a 2); //~ E0201
}
