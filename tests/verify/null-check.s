; A comparison with null, in either direction, settles it for every copy.
;@ map: hits hash 4 8 16
	*(u32 *)(r10 - 4) = 7
	r2 = r10
	r2 += -4
	r1 = hits ll
	call bpf_map_lookup_elem
	r6 = r0
	if r0 == 0 goto out
	r1 = *(u64 *)(r6 + 0)
	r1 += 1
	*(u64 *)(r0 + 0) = r1
out:
	r0 = 2
	exit
