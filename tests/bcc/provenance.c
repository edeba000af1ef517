// Pointers to kernel memory are known by where they come from, in any order of functions.
struct slot {
	u64 at;
	struct task_struct *task;
};
BPF_HASH(slots, u32, struct slot);
BPF_PERF_OUTPUT(events);

// The table is filled by a function further down.
int reader(struct pt_regs *ctx)
{
	u32 key = 1;
	struct slot *slot = slots.lookup(&key);
	return slot && slot->at ? slot->task->pid : 0;
}

static int pid_of(struct task_struct **task) { return (*task)->pid; }

int writer(struct pt_regs *ctx, struct task_struct *task, int unused)
{
	u32 key = 1;
	struct slot slot = {};
	struct slot copy;
	slot.task = task;
	copy = slot;
	slots.update(&key, &copy);
	return pid_of(&task);
}

// Own memory is read as it is.
int own(struct pt_regs *ctx)
{
	struct slot slot = {};
	struct slot *here = &slot;
	here->at = 1;
	events.perf_submit(ctx, here, sizeof(*here));
	return here->at;
}

int helper(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	return task->real_parent->tgid;
}
//= hir
//| map slots = { type BPF_MAP_TYPE_HASH, key u32 (4 bytes), value struct slot (16 bytes), max_entries 10240 }
//| map events = { type BPF_MAP_TYPE_PERF_EVENT_ARRAY, key int (4 bytes), value u32 (4 bytes), max_entries 0 }
//| char _license[4] section("license") = "GPL";
//| int reader(struct pt_regs *ctx) section("kprobe") {
//| 	u32 key = 1u;
//| 	struct slot *slot = (struct slot *)bpf_map_lookup_elem((void *)&slots, (const void *)&key);
//| 	return ((slot && (*slot).at) ? (int)({ pid_t local3; bpf_probe_read_kernel((void *)&local3, 4u, (const void *)&(*(*slot).task).?pid); local3; }) : 0);
//| }
//| static int pid_of(struct task_struct **task) {
//| 	return (int)({ pid_t local1; bpf_probe_read_kernel((void *)&local1, 4u, (const void *)&(*(*task)).?pid); local1; });
//| }
//| int writer(struct pt_regs *ctx) section("kprobe") {
//| 	struct task_struct *task = (struct task_struct *)(*ctx).<14>.di;
//| 	u32 key = 1u;
//| 	struct slot slot = { rest: 0 };
//| 	struct slot copy;
//| 	slot.task = task;
//| 	copy = slot;
//| 	bpf_map_update_elem((void *)&slots, (const void *)&key, (const void *)&copy, 0ul);
//| 	return pid_of(&task);
//| }
//| int own(struct pt_regs *ctx) section("kprobe") {
//| 	struct slot slot = { rest: 0 };
//| 	struct slot *here = &slot;
//| 	(*here).at = 1ul;
//| 	bpf_perf_event_output((void *)ctx, (void *)&events, 4294967295ul, (void *)here, 16ul);
//| 	return (int)(*here).at;
//| }
//| int helper(struct bpf_raw_tracepoint_args *ctx) section("raw_tracepoint") {
//| 	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
//| 	return (int)({ pid_t local2; bpf_probe_read_kernel((void *)&local2, 4u, (const void *)&(*({ struct task_struct *local3; bpf_probe_read_kernel((void *)&local3, 8u, (const void *)&(*task).?real_parent); local3; })).?tgid); local2; });
//| }
