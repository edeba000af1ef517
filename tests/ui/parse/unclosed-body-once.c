// What is missing at the end of a function is not missed twice.
int outer(int x)
{ //~ E0204: this `{` is never closed
	if (x) {
		x = 2;
	return x;

int next(int x)
{
	if (x)
		return 1;
	return 2;
}
