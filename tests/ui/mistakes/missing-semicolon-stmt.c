// A typical mistake: missing semicolon stmt.
int f(int a)
{
	a++ //~ E0201
//~^ help: add `;`
	return a;
}
