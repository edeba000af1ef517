// What BCC's own tests expect to be refused or warned of, by number.
struct key; // BCC behaviour 61: the definition comes too late.
BPF_HASH(late, struct key, u64); //~ E0307: `struct key` is incomplete
struct key { u32 a; };

// BCC behaviour 45
int too_many(struct pt_regs *ctx, int a, int b, int c, int d, int e, int f, int g) { return 0; } //~ E0503: a probe takes at most 6 arguments behind its context, found 7
	//~^ note: only these are in registers

// BCC behaviour 43
int broken(struct pt_regs *ctx)
{
	if () //~ E0201
		return 1;
	return 0;
}
