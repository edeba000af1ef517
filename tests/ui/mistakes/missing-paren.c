// A typical mistake: missing paren.
int f(int a)
{
	if (a > 1 { //~ E0201
//~^ help: add `)`
		return 1;
	}
	return 0;
}
