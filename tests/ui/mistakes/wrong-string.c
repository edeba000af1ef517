// A typical mistake: wrong string.
int f(void)
{
	int x = "abc"; //~ E0303
	return x;
}
