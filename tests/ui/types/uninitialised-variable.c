// Variables that are read and never got a value, on any path.

int never(int a)
{
	int x; //~ note: `x` is declared here without a value

	return a + x; //~ E0701: `x` is read here, but was never given a value
}

int step(void)
{
	int y;

	y++; //~ E0701: `y`
	return y;
}

int turn(int a)
{
	int z;

	while (a--)
		a += z; //~ E0701: `z`
	//~^ help: initialise `z`
	return a;
}
