; Before Linux 6.14 such a lookup must be checked too.
;@ map: table array 4 8 4
	*(u32 *)(r10 - 8) = 3
	r2 = r10
	r2 += -8
	r1 = table ll
	call bpf_map_lookup_elem
	r1 = *(u64 *)(r0 + 0) ;~ E0703
	r0 = 2
	exit
