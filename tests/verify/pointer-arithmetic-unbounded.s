; An unbounded number is not added to a pointer.
;@ map: hits hash 4 64 16
	*(u32 *)(r10 - 4) = 7
	r2 = r10
	r2 += -4
	r1 = hits ll
	call bpf_map_lookup_elem
	if r0 == 0 goto out
	r1 = *(u64 *)(r0 + 0)
	r0 += r1 ;~ E0704: an unbounded number is added to
	r0 = *(u8 *)(r0 + 0)
out:
	r0 = 2
	exit
