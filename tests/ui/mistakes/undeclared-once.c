// A typical mistake: undeclared once.
int f(void)
{
	x = 1; //~ E0301
//~^ help: did you mean `f`?
	x = 2;
	return x;
}
