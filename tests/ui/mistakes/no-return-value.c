// A typical mistake: no return value.
int f(int a)
{
	return; //~ E0314
}
