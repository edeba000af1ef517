// A typical mistake: misspelt unsigned.
int f(unsinged a) //~ E0315
//~^ help: did you mean `unsigned`?
{
	return a;
}
