// Methods of tables are helper calls, or a few.
BPF_HASH(start, u32, u64, 100);
BPF_ARRAY(counts, u64, 3);
BPF_HISTOGRAM(sizes);
BPF_PERF_OUTPUT(events);
int on_event(struct pt_regs *ctx)
{
	u32 pid = bpf_get_current_pid_tgid();
	u64 now = bpf_ktime_get_ns(), *then = start.lookup(&pid);
	if (then) {
		start.delete(&pid);
		events.perf_submit(ctx, then, sizeof(*then));
	}
	start.update(&pid, &now);
	then = start.lookup_or_try_init(&pid, &now);
	counts.increment(1);
	sizes.atomic_increment(now & 7, 2);
	return 0;
}
//= hir
//| map start = { type BPF_MAP_TYPE_HASH, key u32 (4 bytes), value u64 (8 bytes), max_entries 100 }
//| map counts = { type BPF_MAP_TYPE_ARRAY, key int (4 bytes), value u64 (8 bytes), max_entries 3 }
//| map sizes = { type BPF_MAP_TYPE_ARRAY, key int (4 bytes), value u64 (8 bytes), max_entries 64 }
//| map events = { type BPF_MAP_TYPE_PERF_EVENT_ARRAY, key int (4 bytes), value u32 (4 bytes), max_entries 0 }
//| char _license[4] section("license") = "GPL";
//| int on_event(struct pt_regs *ctx) section("kprobe") {
//| 	u32 pid = (u32)bpf_get_current_pid_tgid();
//| 	u64 now = (u64)bpf_ktime_get_ns();
//| 	u64 *then = (u64 *)bpf_map_lookup_elem((void *)&start, (const void *)&pid);
//| 	if (then)
//| 		{
//| 			bpf_map_delete_elem((void *)&start, (const void *)&pid);
//| 			bpf_perf_event_output((void *)ctx, (void *)&events, 4294967295ul, (void *)then, 8ul);
//| 		}
//| 	bpf_map_update_elem((void *)&start, (const void *)&pid, (const void *)&now, 0ul);
//| 	then = ({ u32 *local4 = &pid; u64 *local5 = &now; u64 *local6 = (u64 *)bpf_map_lookup_elem((void *)&start, (const void *)local4); if (!local6) { bpf_map_update_elem((void *)&start, (const void *)local4, (const void *)local5, 1ul); local6 = (u64 *)bpf_map_lookup_elem((void *)&start, (const void *)local4); } local6; });
//| 	({ int local7 = 1; u64 local8 = 1ul; int *local9 = &local7; u64 *local10 = (u64 *)bpf_map_lookup_elem((void *)&counts, (const void *)local9); if (local10) (*local10) += local8 in u64; });
//| 	({ int local11 = (int)(now & 7ul); u64 local12 = 2ul; int *local13 = &local11; u64 *local14 = (u64 *)bpf_map_lookup_elem((void *)&sizes, (const void *)local13); if (local14) atomic_add(local14, local12); });
//| 	return 0;
//| }
