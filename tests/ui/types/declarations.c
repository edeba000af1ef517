// Declarations that contradict each other, or make no sense.
int a; //~ note: here its type is `int`
long a; //~ E0308: `a` is declared again with another type: `long`
int b = 1;
int b = 2; //~ E0308: `b` is initialised twice
struct s { int x; int x; }; //~ E0308: there are two members `x`
struct s { int y; };
     //^ E0308: `struct s` is defined twice
union s *wrong; //~ E0308: `s` is a struct, not a union
void v; //~ E0311: `v` cannot have type `void`
int self(int p, int p); //~^^^^^^^ note: the first
int noinit[];
struct unknown thing; //~ E0307: this object's type `struct unknown` is incomplete
struct loop { struct loop inner; }; //~ E0307: `struct loop` cannot contain itself
                                    //~^ help: make the member a pointer
int negative[-1]; //~ E0311: the length of an array cannot be -1
struct bits { int x : 33; }; //~ E0311: at most 32 bits, found 33
enum colors { RED, GREEN, RED }; //~ E0308: `RED` is declared twice
typedef int number;
int typed(void)
{
	int number = 1;
	{
		int x = number;
		int x = 2; //~ E0308: `x` is declared again in the same scope
	}
	return number;
}
_Static_assert(sizeof(int) == 8, "no"); //~ E0316: static assertion failed: no
