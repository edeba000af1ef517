// Tags that a parameter list mentions first.
struct known;
int f(struct known *a, struct unheard *b); //~ W0346: this `struct unheard` is known in this parameter list
					   //~^ help: declare it before: `struct unheard;`
int g(int (*callback)(union some *x)); //~ W0346
int h(struct unheard *b);
#pragma clang diagnostic ignored "-Wvisibility"
int i(struct other *b);
