// A typical mistake: return in void.
void f(int a)
{
	return a; //~ E0303
}
