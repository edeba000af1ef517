// A typical mistake: extra brace.
int f(int a)
{
	return a;
}
} //~ E0201
int g(void) { return 1; }
