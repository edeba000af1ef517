// A comma is missing between two parameters: one report.
int g(int a int b) //~ E0201: expected `,` before `int`
{
	return a + b;
}
