; A map is wanted, not its value.
;@ map: hits hash 4 8 16
	*(u32 *)(r10 - 4) = 7
	r2 = r10
	r2 += -4
	r1 = r2
	call bpf_map_lookup_elem ;~ E0707: argument `map` of `bpf_map_lookup_elem` is the stack frame
	r0 = 0
	exit
