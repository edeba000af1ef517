// A typical mistake: bitfield addr.
struct s { int a : 4; };
int f(struct s *p)
{
	int *q = &p->a; //~ E0304
	return *q;
}
