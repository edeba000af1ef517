; A ring buffer has no elements.
;@ map: events ringbuf 0 0 4096
	*(u32 *)(r10 - 4) = 7
	r2 = r10
	r2 += -4
	r1 = events ll
	call bpf_map_lookup_elem ;~ E0707: does not take a map of type `BPF_MAP_TYPE_RINGBUF`
	r0 = 0
	exit
