// A typical mistake: assign const.
int f(const int a)
{
	a = 1; //~ E0318
	return a;
}
