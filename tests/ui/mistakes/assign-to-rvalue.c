// A typical mistake: assign to rvalue.
int f(int a)
{
	a + 1 = 2; //~ E0201
	return a;
}
