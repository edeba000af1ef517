// A typical mistake: struct to int.
struct s { int a; };
int f(struct s p) //~ E0410
{
	int x = p; //~ E0303
	return x;
}
