// A typical mistake: misspelt enum.
enum color { RED, GREEN };
int f(void)
{
	return GREN; //~ E0301
//~^ help: did you mean `GREEN`?
}
