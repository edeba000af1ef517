// A typical mistake: macro args.
#define ADD(a, b) ((a) + (b))
int f(int x)
{
	return ADD(x); //~ E0109
}
