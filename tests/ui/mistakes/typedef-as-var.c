// A typical mistake: typedef as var.
typedef int t;
int f(void)
{
	t = 1; //~ E0201
	return 0;
}
