// A typical mistake: extra paren.
int f(int a)
{
	return (a)); //~ E0201
}
