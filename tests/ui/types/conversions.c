// Conversions as if by assignment (C11 6.5.16.1), and what is said of them.
typedef unsigned long long u64;
typedef unsigned char u8;
struct a { int x; };
struct b { int x; };
int f(u64 n, void *p, struct a *a, const struct a *c)
{
	int *q = n;
	       //^ E0303: expected `int *`, found `u64`
	//~^ help: an integer becomes a pointer only by a cast
	u64 m = p;
	      //^ E0303: expected `u64`, found `void *`
	struct b *b = a;
	            //^ W0302: expected `struct b *`, found `struct a *`
	struct a *d = c;
	            //^ W0325: expected `struct a *`, found `const struct a *`: `const` is lost
	u8 byte = 300;
	        //^^^ W0301: 300 does not fit in 8 bits: 44 is stored
	struct b whole = *a;
	               //^^ E0303: expected `struct b`, found `struct a`
	const int *fine = &byte == 0 ? 0 : (void *)0;
	_Bool set = p;
	return a;
	     //^ E0303: this function returns `int`, found `struct a *`
}
void g(void) { return 1; }
                    //^ E0303: this function returns nothing, found `int`
int h(void) { return; } //~ E0314: a value is missing
