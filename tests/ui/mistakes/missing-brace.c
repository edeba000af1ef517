// A typical mistake: missing brace.
int f(int a)
{
	if (a) { //~ E0204
		return 1;
	return 0;
}
int g(void) { return 1; }
