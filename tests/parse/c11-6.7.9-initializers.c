// C11 6.7.9: initializers with designators; GNU ranges, old-style designators, empty lists.
int a[] = { 1, [2] = 3, [4 ... 6] = 7, };
struct s x = { .a = 1, .b.c[2] = { 4 }, d: 5 };
struct s y = {}, z = { { } };
char s[] = "ab" "c\x41\101\u00e9", t[] = u8"x", u = L'\xff', v = '\377';
int w = (struct s){ .a = 1 }.a;
//= ast
//| declare a : array[] int = {1, [2]=3, [4 ... 6]=7}
//| declare x : struct s = {.a=1, .b.c[2]={4}, .d=5}
//| declare y : struct s = {}
//| declare z : struct s = {{}}
//| declare s : array[] char = "abcAA\xc3\xa9"
//| declare t : array[] char = u8"x"
//| declare u : char = L'255'
//| declare v : char = '-1'
//| declare w : int = (.a (literal <struct s> {.a=1}))
