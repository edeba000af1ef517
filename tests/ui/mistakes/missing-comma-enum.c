// A typical mistake: missing comma enum.
enum e { A B, C }; //~ E0201
int f(void) { return A; }
