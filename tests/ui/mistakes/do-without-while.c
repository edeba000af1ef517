// A typical mistake: do without while.
int f(int a)
{
	do {
		a--;
	}
	return a; //~ E0201
}
