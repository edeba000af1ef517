// What needs more than the source says so.
BPF_TABLE_PINNED("hash", u32, u64, pinned, 10, "/sys/fs/bpf/pinned");
BPF_TABLE_PINNED("hash", u32, u64, elsewhere_pinned, 10, "/sys/fs/bpf/name");
BPF_TABLE_PINNED("hash", u32, u64, other, 10, "name"); //~ E0505: a table is pinned at a path, found `name`
	//~^ help: write
BPF_HISTOGRAM(slots, u32);

int probe(struct pt_regs *ctx)
{
	u64 value = bpf_num_cpus(); //~ E0505: how many CPUs the program will run on is not known
	//~^ help: --num-cpus
	bpf_usdt_readarg(1, ctx, &value); //~ E0506: which probe `probe` handles is not known
	//~^ note: in the traced binary
	//~^ help: --usdt probe=BINARY:PROVIDER:NAME
	slots.increment(1, 2, 3); //~ E0306: `increment` takes 1 or 2 arguments, found 3
	return 0;
}

int kprobe__both(struct pt_regs *ctx, struct task_struct task) { return 0; } //~ E0503: an argument in a register is no `struct task_struct`
	//~^ help: take a number or a pointer
