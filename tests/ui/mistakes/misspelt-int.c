// A typical mistake: misspelt int.
itn f(int a) //~ E0315
//~^ help: did you mean `int`?
{
	return a;
}
