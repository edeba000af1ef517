// The end of a function that returns a value is reached.
int sign(int x) //~ note: it returns `int`
{
	if (x > 0)
		return 1;
	else if (x < 0)
		return -1;
	}
//      ^ E0314: `sign` ends without returning a value
