// A typical mistake: addr of rvalue.
int f(int a)
{
	int *p = &(a + 1); //~ E0305
	return *p;
}
