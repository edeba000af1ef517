; A signed comparison leaves negative numbers.
;@ map: hits hash 4 64 16
	r6 = *(u32 *)(r1 + 12)
	r6 <<= 32
	r6 s>>= 32
	*(u32 *)(r10 - 4) = 7
	r2 = r10
	r2 += -4
	r1 = hits ll
	call bpf_map_lookup_elem
	if r0 == 0 goto out
	if r6 s> 31 goto out
	if r6 s< -64 goto out
	r0 += r6
	r1 = *(u8 *)(r0 + 0) ;~ E0702
	;~^ note: the offset may be negative
out:
	r0 = 2
	exit
