// A macro call without an end takes the rest of the file: one report.
#define CALL(x) f(x)
int f(int);
int g(void)
{
	return CALL(1;
	     //^^^^ E0109: unterminated call of macro `CALL`
}
int h(void)
{
	return 1;
}
