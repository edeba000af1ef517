// A typical mistake: missing semicolon struct.
struct s { int a; } //~ E0201
//~^ help: add `;`
int f(void) { return 0; }
