// A typical mistake: case dup.
int f(int a)
{
	switch (a) {
	case 1: return 1;
	case 1: return 2; //~ E0308
	}
	return 0;
}
