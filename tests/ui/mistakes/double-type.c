// A typical mistake: double type.
int f(void)
{
	int long short x = 1; //~ E0203
	return x;
}
