// What the dialect itself refuses.
BPF_HASH(table, u32); //~ note: the table is defined here
BPF_ARRAY(numbers);
BPF_TABLE("hsah", u32, u64, wrong, 10); //~ E0408: there is no kind of table `hsah`
                                        //~^ help: did you mean `hash`?
int kprobe__one(struct pt_regs *ctx, int a, int b, int c, int d, int e, int f, int g) //~ E0503: a probe takes at most 6 arguments behind its context, found 7
{
	u32 key = 1;
	u64 wide = 1;
	table.lokup(&key);
	    //^^^^^ E0501: tables have no method `lokup`
	//~^ help: did you mean `lookup`?
	table.perf_submit(ctx, &key, 4); //~ E0502: `perf_submit` is no method of a `BPF_MAP_TYPE_HASH`
	table.lookup(key); //~ E0312: argument 1 of `lookup` is `u32 *`, found `u32`
	table.lookup(&wide); //~ W0302: argument 1 of `lookup` is `u32 *`, found `u64 *`
	table.lookup(&key, 1); //~ E0306: `lookup` takes 1 argument, found 2
	bpf_trace_printk("%d %d %d %d", 1, 2, 3, 4); //~ E0402: prints at most 3 values
	return 0;
}
TRACEPOINT_PROBE(sched, sched_nothing) { return 0; } //~ E0504: the kernel's types know no tracepoint
int kprobe__two(struct pt_regs *ctx, struct task_struct *task)
{
	task->pid = 1; //~ E0509: this writes to memory of the kernel
	//~^ help: copy the object
	task->pid++; //~ E0509
	//~^ help: copy the object
	return 0;
}
