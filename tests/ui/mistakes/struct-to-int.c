// A typical mistake: struct to int.
struct s { int a; };
int f(struct s p)
{
	int x = p; //~ E0303
	return x;
}
