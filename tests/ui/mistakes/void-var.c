// A typical mistake: void var.
int f(void)
{
	void x; //~ E0311
	return 0;
}
