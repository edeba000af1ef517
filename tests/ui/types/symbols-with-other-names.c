// An object has one symbol for each function and variable.
int real(int x)
{
	return x;
}
int other(int x) __attribute__((alias("real"))); //~ E0320: `alias` is not supported
int resolved(void) __attribute__((ifunc("real"))); //~ E0320: `ifunc` is not supported
