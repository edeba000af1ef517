; Whether there is an element may be asked.
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
	r1 = *(u64 *)(r0 + 0)
out:	r0 = 0
	exit
