; The buffer of a writable tracepoint is as long as the tracepoint says.
;@ section: raw_tracepoint.w
	r6 = *(u64 *)(r1 + 0)
	r0 = *(u64 *)(r6 + 8)
	*(u64 *)(r6 + 16) = r0
	r0 = 0
	exit
