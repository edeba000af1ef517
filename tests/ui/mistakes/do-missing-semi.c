// A typical mistake: do missing semi.
int f(int a)
{
	do {
		a--;
	} while (a) //~ E0201
//~^ help: add `;`
	return a;
}
