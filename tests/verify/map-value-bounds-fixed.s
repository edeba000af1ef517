; An access at a fixed offset stays inside the value.
;@ map: hits hash 4 8 16
	*(u32 *)(r10 - 4) = 7
	r2 = r10
	r2 += -4
	r1 = hits ll
	call bpf_map_lookup_elem
	if r0 == 0 goto out
	r1 = *(u64 *)(r0 + 4) ;~ E0702: outside the value of map `hits`, which has 8 bytes
out:
	r0 = 2
	exit
