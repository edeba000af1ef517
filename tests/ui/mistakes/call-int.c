// A typical mistake: call int.
int f(int a)
{
	return a(1); //~ E0317
}
