// A typical mistake: break outside.
int f(int a)
{
	break; //~ E0313
	return a;
}
