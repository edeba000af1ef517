// A typical mistake: arrow on struct.
struct s { int a; };
int f(struct s p)
{
	return p->a; //~ E0304
//~^ help: this is no pointer: write `.`
}
