// A typical mistake: deref int.
int f(int a)
{
	return *a; //~ E0304
}
