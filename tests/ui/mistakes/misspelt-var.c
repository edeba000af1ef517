// A typical mistake: misspelt var.
int f(int value)
{
	return vlaue + vlaue; //~ E0301
//~^ help: did you mean `value`?
}
