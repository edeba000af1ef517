// A typical mistake: dot on pointer.
struct s { int a; };
int f(struct s *p)
{
	return p.a; //~ E0304
//~^ help: write `->`
}
