// A typical mistake: ptr from int.
int f(void)
{
	int *p = 5; //~ E0303
	return *p;
}
