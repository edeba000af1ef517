// What the kernel does not print. Linux 5.13 and later take more than one `%s`.
int prints(struct pt_regs *ctx)
{
	bpf_trace_printk("%0.2f\n", 1); // BCC behaviour 55 //~ W0401: the kernel does not take `%0.` in formats
	//~^ help
	bpf_trace_printk("%lf\n", 1); // BCC behaviour 56 //~ W0401: the kernel does not take `%l
	//~^ help
	bpf_trace_printk("%s %s %d\n", "a", "b", 1); // BCC behaviour 57
	return 0;
}
