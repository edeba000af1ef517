// Declarations that C allows in other places only.
_Alignas(1) int weak_int; //~ E0311: `_Alignas` of 1 is weaker than the 4 of `int`
_Alignas(1) __attribute__((aligned(8))) int strong_int;
_Alignas(1) _Alignas(long) int strict_int;
typedef _Alignas(8) int aligned_int; //~ E0311: `_Alignas` cannot stand in a typedef
_Alignas(8) int aligned_function(void); //~ E0311: `_Alignas` cannot stand in a function
struct members {
	_Alignas(2) long weak_member; //~ E0311: `_Alignas` of 2 is weaker than the 8 of `long`
	_Alignas(8) int bits : 3; //~ E0311: `_Alignas` cannot stand in a bit-field
};
register int in_register; //~ E0311: `auto` and `register` are for variables of functions
auto int automatic; //~ E0311
int shared; //~ note: the first declaration is here
static int shared; //~ E0308: `shared` is declared `static`, but was not before
int function(void);
static int function(void) //~ E0308: `function` is declared `static`, but was not before
{
	return 1;
}
static int hidden;
extern int hidden;
struct flexible { int n; int list[]; };
struct flexible filled = { 1, { 2, 3 } };
struct { struct { const int fixed; } in[2]; int n; } constant, other;

int lengths(int n, int (*p)[n]); //~ E0320: the length of an array must be a constant
int square(int n, int p[n][n]) //~ E0320: the length of an array must be a constant
{
	return p[1][2];
}
int parameter(_Alignas(8) int a) //~ E0311: `_Alignas` cannot stand in a parameter
{
	return a;
}
int quals(int restrict a) //~ E0311: `restrict` is for pointers, not for `int`
{
	return a;
}
int objects(int *p)
{
	struct flexible local = { 1, { 2, 3 } }; //~ E0310: the flexible array of a local object has no
	struct flexible empty = { 1 }, copy;
	register int fast = 3;
	struct { int bits : 3; } field = { 1 };
	typeof(field.bits) typed; //~ E0304: a bit-field has no type that `typeof` could name

	for (static int i = 0; i < 3; i++) //~ E0311: the declaration of a `for` loop
		fast++;
	p = &fast; //~ E0304: a `register` variable has no address
	constant = other; //~ E0318: this cannot be assigned to: its member `fixed` is `const`
	(copy = empty).n = 3; //~ E0305: only an object can be assigned to, this is part of a value
	((struct flexible){ 2 }).n = 3;
	constant.n = 3;
	return *p;
}
