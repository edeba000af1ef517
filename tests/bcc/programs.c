// Names of functions say where programs are attached; the license is implied.
int kretprobe__vfs_read(struct pt_regs *ctx) { return 0; }
TRACEPOINT_PROBE(sched, sched_switch)
{
	bpf_trace_printk("%d to %d\\n", args->prev_pid, args->next_pid);
	return 0;
}
RAW_TRACEPOINT_PROBE(sched_switch)
{
	struct task_struct *next = (struct task_struct *)ctx->args[2];
	return next->pid;
}
int filter(struct xdp_md *ctx) { return XDP_PASS; }
KFUNC_PROBE(vfs_open, struct task_struct *task) { return task->pid; }
int syscall__execve(struct pt_regs *ctx, const char *path) { return path != 0; }
//= hir
//| static char .str[16] = {25 64 20 74 6f 20 25 64 5c 6e 00 00 00 00 00 00};
//| char _license[4] section("license") = "GPL";
//| int kretprobe__vfs_read(struct pt_regs *ctx) section("kretprobe/vfs_read") {
//| 	return 0;
//| }
//| int tracepoint__sched__sched_switch(struct trace_event_raw_sched_switch *args) section("tracepoint/sched/sched_switch") {
//| 	bpf_trace_printk((const char *)&.str, 11u, (*args).?prev_pid, (*args).?next_pid);
//| 	return 0;
//| }
//| int raw_tracepoint__sched_switch(struct bpf_raw_tracepoint_args *ctx) section("raw_tracepoint/sched_switch") {
//| 	struct task_struct *next = (struct task_struct *)(*ctx).args[2l];
//| 	return (int)({ pid_t local2; bpf_probe_read_kernel((void *)&local2, 4u, (const void *)&(*next).?pid); local2; });
//| }
//| int filter(struct xdp_md *ctx) section("xdp") {
//| 	return 2;
//| }
//| int kfunc__vmlinux__vfs_open(unsigned long long *ctx) section("fentry/vfs_open") {
//| 	return ____kfunc__vmlinux__vfs_open(ctx, (struct task_struct *)(void *)(*ctx));
//| }
//| static always_inline int ____kfunc__vmlinux__vfs_open(unsigned long long *ctx, struct task_struct *task) {
//| 	return (int)(*task).?pid;
//| }
//| int syscall__execve(struct pt_regs *ctx) section("kprobe") {
//| 	struct pt_regs *local2 = (struct pt_regs *)(*ctx).<14>.di;
//| 	const char *path = (const char *)({ unsigned long local3; bpf_probe_read_kernel((void *)&local3, 8u, (const void *)&(*local2).<14>.di); local3; });
//| 	return (path != (const char *)0x0);
//| }
