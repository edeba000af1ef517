// A typical mistake: misspelt tag.
struct packet { int len; };
int f(struct pakcet *p) //~ W0346
{
	return p->len; //~ E0307
//~^ help: did you mean `packet`?
}
