// A typical mistake: redeclared var.
int f(void)
{
	int a = 1;
	int a = 2; //~ E0308
	return a;
}
