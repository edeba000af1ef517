; An index must be bounded.
;@ map: hits hash 4 64 16
	r6 = *(u32 *)(r1 + 12)
	*(u32 *)(r10 - 4) = 7
	r2 = r10
	r2 += -4
	r1 = hits ll
	call bpf_map_lookup_elem
	if r0 == 0 goto out
	r0 += r6
	r1 = *(u8 *)(r0 + 0) ;~ E0702: may be outside
	;~^ note: nothing bounds the offset from above
out:
	r0 = 2
	exit
