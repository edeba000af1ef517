// A typical mistake: incomplete struct.
struct s;
int f(struct s *p)
{
	return p->a; //~ E0302
}
