; A comparison or a mask bounds an index.
;@ map: hits hash 4 64 16
	r6 = *(u32 *)(r1 + 12)
	r7 = *(u32 *)(r1 + 16)
	r7 &= 31
	*(u32 *)(r10 - 4) = 7
	r2 = r10
	r2 += -4
	r1 = hits ll
	call bpf_map_lookup_elem
	if r0 == 0 goto out
	if r6 >= 32 goto out
	r0 += r6
	r0 += r7
	r1 = *(u8 *)(r0 + 0)
	*(u16 *)(r0 + 0) = r1
out:
	r0 = 2
	exit
