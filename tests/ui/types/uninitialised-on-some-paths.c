// Reads that some paths reach without a value. Only a path that leads to the read for sure
// counts: conditions may exclude each other.
//@ flags: -Wall

int branch(int a)
{
	int x;

	if (a) //~ note: this condition
		x = 1;
	return x; //~ W0317: `x` is read here, but has no value if a condition is false
}

int jump(int a)
{
	int x;

	if (a)
		goto out; //~ note: this jump leads here
	x = 1;
out:
	return x; //~ W0317: `x` is read here, but has no value after a jump
}

int one_of_two(int a)
{
	int x, y;

	if (a) {
		x = 1;
		y = 2;
	} else {
		x = 3;
	}
	return x + y; //~ W0317: `y`
}

int same_condition_twice(int a)
{
	int x;

	if (a)
		x = 1;
	if (a)
		return x;
	return 0;
}

int short_circuit(int a)
{
	int x;

	if (a && (x = a + 1) > 3)
		return x;
	return 0;
}

int all_cases(int a)
{
	int x;

	switch (a) {
	case 0:
		x = 1;
		break;
	default:
		x = 2;
		break;
	}
	return x;
}

int loops(int a)
{
	int x, y, z;

	for (int i = 0; i < a; i++)
		x = i;
	while (1) {
		if (a) {
			y = 1;
			break;
		}
		a++;
	}
	do {
		z = a;
		if (a)
			break;
	} while (0);
	return x + y + z;
}

int backward(int a)
{
	int x;
again:
	if (a) {
		x = 1;
		a = 0;
		goto again;
	}
	return x;
}

int out_parameter(void)
{
	int x;
	int *p = &x;

	*p = 1;
	return x;
}

int idioms(int a)
{
	int x = x;
	int y;

	(void)y;
	return a ? x : 0;
}

int all_branches(int a)
{
	int x;

	if (a > 3)
		x = 1;
	else if (a > 2)
		x = 2;
	else
		return 3;
	return x;
}
