// A typical mistake: index int.
int f(int a)
{
	return a[0]; //~ E0304
}
