// A typical mistake: misspelt member.
struct s { int counter; };
int f(struct s *p)
{
	return p->countr; //~ E0302
//~^ help: did you mean `counter`?
}
