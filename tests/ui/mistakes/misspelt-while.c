// A typical mistake: misspelt while.
int f(int a)
{
	whlie (a) { a--; } //~ E0201
//~^ E0321
//~^ help: did you mean `while`?
	return a;
}
