; A sign that becomes a mask is one of two numbers (Linux 6.18).
;@ map: hits hash 4 64 16
;@ kernel: 6.18
	r6 = *(u32 *)(r1 + 12)
	w6 s>>= 31
	w6 &= 56
	*(u32 *)(r10 - 4) = 7
	r2 = r10
	r2 += -4
	r1 = hits ll
	call bpf_map_lookup_elem
	if r0 == 0 goto out
	r0 += r6
	r2 = *(u64 *)(r0 + 0)
out:
	r0 = 2
	exit
