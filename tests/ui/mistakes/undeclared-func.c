// A typical mistake: undeclared func.
int f(int a)
{
	return undefined_thing(a); //~ E0321
}
