// A typical mistake: missing colon case.
int f(int a)
{
	switch (a) {
	case 1 //~ E0201
		return 1;
	}
	return 0;
}
