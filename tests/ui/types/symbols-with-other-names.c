// An object has one symbol for each function and variable.
int real(int x)
{
	return x;
}
int other(int x) __attribute__((alias("real"))); //~ E0320: `alias` is not supported
int renamed(int x) __asm__("real2"); //~ E0320: the symbol of `renamed` cannot have another name
extern int variable asm("else"); //~ E0320: the symbol of `variable` cannot have another name
extern int same asm("same");
int resolved(void) __attribute__((ifunc("real"))); //~ E0320: `ifunc` is not supported
