; A lookup may find nothing: the result is compared with null before it is used.
;@ map: hits hash 4 8 16
	*(u32 *)(r10 - 4) = 7
	r2 = r10
	r2 += -4
	r1 = hits ll
	call bpf_map_lookup_elem
	r1 = *(u64 *)(r0 + 0) ;~ E0703: may be null here
	r0 = 2
	exit
