// A typical mistake: array assign.
int f(void)
{
	int a[2], b[2];
	a = b; //~ E0305
	return a[0];
}
