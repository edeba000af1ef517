// A typical mistake: wrong arg.
struct s { int a; };
int g(struct s *p);
int f(void)
{
	int x = 0;
	return g(x); //~ E0312
}
