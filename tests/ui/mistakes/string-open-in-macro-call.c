// A string without an end in a macro call: the call's end is no second mistake.
#define F(a, b) (a + b)
int f(int x)
{
	int y = F(x, "abc); //~ E0103: unterminated string
	return y;
}
