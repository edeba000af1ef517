// Operands that operators do not have.
struct s { int x; unsigned bit : 3; };
static int f(struct s *p, struct s v, int n)
{
	n = *n;
	   //^ E0304: `*` needs a pointer, found `int`
	n = -p;
	   //^ E0304: `-` needs a number, found `struct s *`
	n = p * 2;
	  //^^^^^ E0304: `*` cannot be applied to `struct s *` and `int`
	n = v + 1; //~ E0304: `+` cannot be applied to `struct s` and `int`
	n = p.x;
	    //^ E0304: `struct s *` is a pointer: its members are reached with `->`
	n = v->x;
	  //^ E0304: `->` needs a pointer to a struct or union, found `struct s`
	n = &v.bit; //~ E0304: the address of a bit-field does not exist
	n = sizeof v.bit; //~ E0304: a bit-field has no size
	if (v) //~ E0304: a condition is a number or pointer, found `struct s`
		n++;
	n[2] = 1; //~ E0304: `[]` needs an array or pointer, found `int`
	n(); //~ E0317: only a function can be called, found `int`
	5 = n; //~ E0305
	n++ = 1; //~ E0305
	const int c = 1;
	c = 2; //~ E0318: `c` is `const` and cannot be changed
	return n;
}
int g(struct s *p) { return f(p, *p, 1); }
