// A typical mistake: misspelt keyword.
int f(int a)
{
	retrun a; //~ E0315
//~^ help: did you mean `return`?
}
