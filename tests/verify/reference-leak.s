; A ring buffer record is submitted or discarded.
;@ map: events ringbuf 0 0 4096
	r1 = events ll
	r2 = 8
	r3 = 0
	call bpf_ringbuf_reserve ;~ note: acquired here by `bpf_ringbuf_reserve`
	r0 = 0
	exit ;~ E0708: the ring buffer record is not given back
