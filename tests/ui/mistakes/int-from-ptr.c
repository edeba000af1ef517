// A typical mistake: int from ptr.
int f(int *p)
{
	int x = p; //~ E0303
//~^ help: use what it points to with `*`
	return x;
}
