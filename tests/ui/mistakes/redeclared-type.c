// A typical mistake: redeclared type.
int f(void)
{
	int a = 1;
	long a = 2; //~ E0308
	return a;
}
