// Statements out of place.
int f(int n)
{
	break; //~ E0313: `break` stands outside every loop
	continue; //~ E0313
	case 1: //~ E0313: `case` stands outside every `switch`
	goto nowhere; //~ E0313: there is no label `nowhere`
	switch (n) {
	case 1:
	case 2 ... 4:
		break;
	case 3: //~ E0308: there are two cases for 3
		break;
	default:
		break;
	default: //~ E0308: there are two `default`s
		break;
	}
again:
	n--;
again: //~ E0313: the label `again` is defined twice
	if (n)
		goto again;
	for (;;)
		n++;
}
int g(int n)
{
	switch (n) {
	case 1: return 1;
	default: return 2;
	}
}
int h(int n)
{
	do {
		return n;
	} while (n);
}
static void die(void) __attribute__((noreturn));
static void die(void) { for (;;) ; }
int i(int n) { if (n) return 1; die(); }
int j(int n) { while (n) { if (n == 2) break; return 1; } } //~ W0350: `j` ends without
