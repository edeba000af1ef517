// Functions declared without parameters, and what is called, declared or defined later.
static int few();
static int two();
void promoted(); //~ note: here its type is `void ()`
void promoted(char c); //~ E0308: `promoted` is declared again with another type: `void (char)`
int kernel() __attribute__((section(".ksyms")));
void nothing(void);

int f(int a, int *p)
{
	two(a, p);
	two(a, a); //~ E0306: argument 2 of `two` is a `int *`, found `int`
	   //^ help: declare the function with its parameters before
	few(nothing()); //~ E0311: an argument cannot be `void`
	few(1.5); //~ E0404
	return few(1, 2); //~ E0306: `few` takes 1 argument, found 2
}
static int few(int a) //~ note: `few` is declared here
{
	return a;
}
static int two(int a, int *p)
{
	return a + *p;
}
