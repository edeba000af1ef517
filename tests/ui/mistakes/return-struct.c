// A typical mistake: return struct.
struct s { int a; };
int f(struct s *p)
{
	return *p; //~ E0303
}
