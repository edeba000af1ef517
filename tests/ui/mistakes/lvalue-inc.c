// A typical mistake: lvalue inc.
int f(int a)
{
	(a + 1)++; //~ E0305
	return a;
}
