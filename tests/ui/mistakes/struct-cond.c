// A typical mistake: struct cond.
struct s { int a; };
int f(struct s x)
{
	if (x) //~ E0304
		return 1;
	return 0;
}
