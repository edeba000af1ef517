; A submitted record is gone.
;@ map: events ringbuf 0 0 4096
	r1 = events ll
	r2 = 8
	r3 = 0
	call bpf_ringbuf_reserve
	if r0 == 0 goto out
	r6 = r0
	r1 = r0
	r2 = 0
	call bpf_ringbuf_submit ;~ note: `bpf_ringbuf_submit` gave the memory back
	*(u64 *)(r6 + 0) = 1 ;~ E0705
out:
	r0 = 0
	exit
