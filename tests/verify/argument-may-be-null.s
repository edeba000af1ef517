; A value that may be null is no key.
;@ map: hits hash 4 8 16
	*(u32 *)(r10 - 4) = 7
	r2 = r10
	r2 += -4
	r1 = hits ll
	call bpf_map_lookup_elem
	r2 = r0
	r1 = hits ll
	call bpf_map_lookup_elem ;~ E0703: may be null here
	r0 = 0
	exit
