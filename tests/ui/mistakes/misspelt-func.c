// A typical mistake: misspelt func.
int compute(int a);
int f(int a)
{
	return comptue(a); //~ E0321
//~^ help: did you mean `compute`?
}
