// A typical mistake: misspelt type.
typedef int number;
int f(numbr a) //~ E0315
//~^ help: did you mean `number`?
{
	return a;
}
