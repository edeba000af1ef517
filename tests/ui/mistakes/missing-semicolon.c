// A typical mistake: missing semicolon.
int f(int a)
{
	int b = a //~ E0201
//~^ help: add `;`
	return b;
}
