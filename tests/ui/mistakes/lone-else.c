// A typical mistake: lone else.
int f(int a)
{
	else //~ E0201
		return 1;
	return 0;
}
