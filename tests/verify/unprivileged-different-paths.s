; The same addition moves different distances on two paths: it cannot be limited for both.
;@ section: socket
;@ unprivileged: speculation
;@ map: seen array 4 64 1
	r6 = *(u32 *)(r1 + 0)
	r1 = 0
	*(u64 *)(r10 - 8) = r1
	r2 = r10
	r2 += -8
	r1 = seen ll
	call bpf_map_lookup_elem
	if r0 == 0 goto out
	r2 = 8
	if r6 > 64 goto add
	r2 = 16
add:	r0 += r2 ;~ E0736: the same instruction works on different objects
	r1 = *(u8 *)(r0 + 0)
out:	r0 = 0
	exit
