// A typical mistake: misspelt label.
int f(int a)
{
	if (a)
		goto otu; //~ E0313
//~^ help: did you mean `out`?
	a++;
out:
	return a;
}
