// A typical mistake: for commas.
int f(int a)
{
	for (int i = 0, i < a, i++) //~ E0201
		a--;
	return a;
}
