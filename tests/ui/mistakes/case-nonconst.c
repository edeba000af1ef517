// A typical mistake: case nonconst.
int f(int a, int b)
{
	switch (a) {
	case b: return 1; //~ E0309
	}
	return 0;
}
