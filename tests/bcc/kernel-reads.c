// Reads through pointers into the kernel are probe reads, decided by where a pointer came
// from and by its type. Addresses and arrays are not read; neither are map values and locals.
struct own { u32 pid; struct task_struct *task; };
BPF_HASH(tasks, u32, struct own);
static u32 parent(struct task_struct *t) { return t->real_parent->tgid; }
int kprobe__wake_up_new_task(struct pt_regs *ctx, struct task_struct *p, long *counter)
{
	u32 key = p->pid;
	struct own value = { parent(p), p }, *known = tasks.lookup(&key);
	char comm[16];
	bpf_probe_read_kernel(&comm, sizeof(comm), p->comm);
	u32 *address = &p->flags;
	if (known)
		key = known->pid + known->task->flags;
	tasks.update(&key, &value);
	return *counter + p->exit_code;
}
//= hir
//| map tasks = { type BPF_MAP_TYPE_HASH, key u32 (4 bytes), value struct own (16 bytes), max_entries 10240 }
//| char _license[4] section("license") = "GPL";
//| static u32 parent(struct task_struct *t) {
//| 	return (u32)({ pid_t local1; bpf_probe_read_kernel((void *)&local1, 4u, (const void *)&(*({ struct task_struct *local2; bpf_probe_read_kernel((void *)&local2, 8u, (const void *)&(*t).?real_parent); local2; })).?tgid); local1; });
//| }
//| int kprobe__wake_up_new_task(struct pt_regs *ctx) section("kprobe/wake_up_new_task") {
//| 	struct task_struct *p = (struct task_struct *)(*ctx).<14>.di;
//| 	long *counter = (long *)(*ctx).<13>.si;
//| 	u32 key = (u32)({ pid_t local8; bpf_probe_read_kernel((void *)&local8, 4u, (const void *)&(*p).?pid); local8; });
//| 	struct own value = { 0: parent(p), 8: p, rest: 0 };
//| 	struct own *known = (struct own *)bpf_map_lookup_elem((void *)&tasks, (const void *)&key);
//| 	char comm[16];
//| 	bpf_probe_read_kernel((void *)&comm, 16u, (const void *)&(*p).?comm);
//| 	u32 *address = (u32 *)&(*p).?<8>.?flags;
//| 	if (known)
//| 		key = (u32)((unsigned int)(*known).pid + (unsigned int)({ u32 local9; bpf_probe_read_kernel((void *)&local9, 4u, (const void *)&(*(*known).task).?<8>.?flags); local9; }));
//| 	bpf_map_update_elem((void *)&tasks, (const void *)&key, (const void *)&value, 0ul);
//| 	return (int)(({ long local10; bpf_probe_read_kernel((void *)&local10, 8u, (const void *)counter); local10; }) + (long)({ long long local11 = { rest: 0 }; bpf_probe_read_kernel((void *)&local11, (__u32)core(FieldByteSize, struct task_struct, 0:3), (const void *)((void *)p + (unsigned long)core(FieldByteOffset, struct task_struct, 0:3) * 1b)); (int)((local11 << core(FieldLshiftU64, struct task_struct, 0:3)) >> core(FieldRshiftU64, struct task_struct, 0:3)); }));
//| }
