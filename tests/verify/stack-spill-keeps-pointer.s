; A pointer and a range survive on the stack.
;@ map: hits hash 4 64 16
	r6 = *(u32 *)(r1 + 12)
	if r6 > 56 goto out
	*(u64 *)(r10 - 16) = r6
	*(u32 *)(r10 - 4) = 7
	r2 = r10
	r2 += -4
	r1 = hits ll
	call bpf_map_lookup_elem
	*(u64 *)(r10 - 24) = r0
	if r0 == 0 goto out
	r1 = *(u64 *)(r10 - 24)
	r2 = *(u64 *)(r10 - 16)
	r1 += r2
	r3 = *(u64 *)(r1 + 0)
out:
	r0 = 2
	exit
