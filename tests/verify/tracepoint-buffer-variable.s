; An offset into the buffer of a writable tracepoint has to be a constant.
;@ section: raw_tracepoint.w
	r6 = *(u64 *)(r1 + 0)
	r7 = r1
	call bpf_get_prandom_u32
	r0 &= 0xff
	r6 += r0
	r0 = *(u64 *)(r6 + 8) ;~ E0702: an access to the tracepoint's buffer at a variable or negative offset
	r0 = 0
	exit
