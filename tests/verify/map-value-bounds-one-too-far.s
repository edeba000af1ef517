; One byte too far is too far.
;@ map: hits hash 4 64 16
	r6 = *(u32 *)(r1 + 12)
	*(u32 *)(r10 - 4) = 7
	r2 = r10
	r2 += -4
	r1 = hits ll
	call bpf_map_lookup_elem
	if r0 == 0 goto out
	if r6 > 64 goto out
	r0 += r6
	r1 = *(u8 *)(r0 + 0) ;~ E0702
	;~^ note: at an offset between 0 and 64, of 64 bytes
out:
	r0 = 2
	exit
