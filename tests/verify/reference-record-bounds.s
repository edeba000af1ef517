; A record is as long as was asked for.
;@ map: events ringbuf 0 0 4096
	r1 = events ll
	r2 = 8
	r3 = 0
	call bpf_ringbuf_reserve
	if r0 == 0 goto out
	*(u64 *)(r0 + 8) = 1 ;~ E0702: outside the ring buffer record, which has 8 bytes
out:
	r0 = 0
	exit
