// A typical mistake: else without if.
int f(int a)
{
	if (a)
		a++;
		a--;
	else //~ E0201
		a = 3;
	return a;
}
