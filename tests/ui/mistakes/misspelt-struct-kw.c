// A typical mistake: misspelt struct kw.
strcut s { int a; }; //~ E0315
//~^ help: did you mean `struct`?
int f(void) { return 0; }
