; A helper may not read stack bytes that nothing was stored in.
;@ map: hits hash 4 8 16
	*(u16 *)(r10 - 4) = 7
	r2 = r10
	r2 += -4
	r1 = hits ll
	call bpf_map_lookup_elem ;~ E0713: not fully initialised
	;~^ note: byte 2 was never stored
	r0 = 2
	exit
