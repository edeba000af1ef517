// A typical mistake: trailing op.
int f(int a)
{
	return a +; //~ E0201
}
