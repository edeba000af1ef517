// A typical mistake: case outside.
int f(int a)
{
	case 1: return a; //~ E0313
}
