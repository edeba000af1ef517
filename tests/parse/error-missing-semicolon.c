// A missing `;` is reported behind the token in front of it, with an edit.
struct s { int a; }
                 //^ E0201: expected `;` after the definition of a type
static int f(int x)
{
	int y = x
//~^ E0201: expected `;`
	y = 3
//~^ E0201: expected `;` after expression
//~^ help: add `;`
	if (y) return y
//~^ E0201: expected `;`
	else
		break
//~^ E0201: expected `;` after `break`
	return 1
//~^ E0201: expected `;`
}
struct t { int a; int b }; //~ E0201: expected `;`
int g;
