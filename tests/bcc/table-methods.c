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
//| map events = { type BPF_MAP_TYPE_PERF_EVENT_ARRAY, key 4 bytes, value 4 bytes, max_entries 0 }
//| char _license[4] section("license") = "GPL";
//| int on_event(struct pt_regs *ctx) section("kprobe") {
//| 	u32 pid = (u32)bpf_get_current_pid_tgid();
//| 	u64 now = (u64)bpf_ktime_get_ns();
//| 	u64 *then = (u64 *)bpf_map_lookup_elem(&start, (const void *)&pid);
//| 	if (then)
//| 		{
//| 			bpf_map_delete_elem(&start, (const void *)&pid);
//| 			bpf_perf_event_output((void *)(const void *)ctx, &events, 4294967295ul, (void *)(const void *)then, 8ul);
//| 		}
//| 	bpf_map_update_elem(&start, (const void *)&pid, (const void *)&now, 0ul);
//| 	then = ({ u32 *local4 = &pid; u64 *local5 = &now; u64 *local6 = (u64 *)bpf_map_lookup_elem(&start, (const void *)local4); if (!local6) { bpf_map_update_elem(&start, (const void *)local4, (const void *)local5, 1ul); local6 = (u64 *)bpf_map_lookup_elem(&start, (const void *)local4); } local6; });
//| 	({ int local7 = 1; u64 local8 = 1ul; u64 local9 = 0ul; int *local10 = &local7; u64 *local11 = &local9; u64 *local12 = (u64 *)bpf_map_lookup_elem(&counts, (const void *)local10); if ((local12 != (u64 *)0x0)) (*local12) += local8 in u64; });
//| 	({ int local13 = (int)(now & 7ul); u64 local14 = 2ul; u64 local15 = 0ul; int *local16 = &local13; u64 *local17 = &local15; u64 *local18 = (u64 *)bpf_map_lookup_elem(&sizes, (const void *)local16); if ((local18 != (u64 *)0x0)) atomic_add(local18, local14); });
//| 	return 0;
//| }
