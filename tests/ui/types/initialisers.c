// Initialisers (C11 6.7.9).
struct point { int x, y; }; //~ note: `struct point` is defined here
struct line { struct point from, to; int width; };
struct line fine = { 1, 2, .to.y = 4, 5 };
struct line full = { { 1, 2 }, { 3, 4 }, 5, 6 }; //~ E0310: `struct line` has no place for this value
struct point named = { .z = 1 };
                      //^ E0302: `struct point` has no member `z`
int three[3] = { 1, 2, 3, 4 }; //~ E0310: `int[3]` has no place for this value
int far[3] = { [3] = 1 }; //~ E0310: the index 3 is outside the array of 3 elements
char fits[3] = "abc";
char tight[2] = "abc"; //~ E0310: this string needs 3 characters, the array has 2
int scalar = { 1, 2 }; //~ E0310: one value only
int array[2] = 5; //~ E0310: `int[2]` is initialised with a list in braces or a string
int other;
int loaded = other; //~ E0309: must be constant
int *address = &three[1] + 1;
long difference = &three[2] - &three[0];
int sized[] = { 1, [4] = 2 };
_Static_assert(sizeof(sized) == 20, "five elements");
