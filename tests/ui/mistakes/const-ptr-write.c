// A typical mistake: const ptr write.
int f(const int *p)
{
	*p = 1; //~ E0318
	return 0;
}
