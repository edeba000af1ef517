// A typical mistake: struct plus.
struct s { int a; };
int f(struct s x)
{
	return x + 1; //~ E0304
}
