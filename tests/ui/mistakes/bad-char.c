// A typical mistake: bad char.
int f(int a)
{
	return a @ 1; //~ E0102
}
