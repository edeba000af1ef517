; The address of the stack becomes readable through the map.
;@ section: socket
;@ unprivileged: addresses
;@ map: seen array 4 8 1
	r1 = 0
	*(u64 *)(r10 - 8) = r1
	r2 = r10
	r2 += -8
	r1 = seen ll
	call bpf_map_lookup_elem
	if r0 == 0 goto out
	*(u64 *)(r0 + 0) = r10 ;~ E0736: stored outside of the stack
out:	r0 = 0
	exit
