// A typical mistake: macro error inside.
#define GET(p) ((p)->cuont)
struct s { int count; };
int f(struct s *p)
{
	return GET(p); //~ E0302
//~^ help: did you mean `count`?
}
