// A missing bracket is reported with the one that it closes.
int f(int x)
{
	x = (1 + 2; //~ E0201: expected `)` before `;`
	          //~^ note: to close this `(`
	if (x { x = 1; } //~ E0201: expected `)` before `{`
	while (x) x[1 = 2; //~ E0201: expected `]`
	f(1, 2
//~^ E0201: expected `)` before `f`
	f(3);
	f(1 2); //~ E0201: expected `,` before `2`
	if x) return 1; //~ E0201: expected `(` before `x`
	return x;
}
int a[3 = { 1 }; //~ E0201: expected `]`
