; What a comparison says of a copy, it says of the original, and of their sum with a constant.
;@ map: hits hash 4 64 16
	r6 = *(u32 *)(r1 + 12)
	r7 = r6
	r7 += 4
	r8 = r6
	*(u32 *)(r10 - 4) = 7
	r2 = r10
	r2 += -4
	r1 = hits ll
	call bpf_map_lookup_elem
	if r0 == 0 goto out
	if r8 > 40 goto out
	r1 = r0
	r1 += r6
	r2 = *(u32 *)(r1 + 0)
	r0 += r7
	r2 = *(u32 *)(r0 + 0)
out:
	r0 = 2
	exit
