; What the function that is called back stores in its caller's frame holds behind the call.
;@ alone: the kernel wants types of functions
	r1 = 0
	*(u64 *)(r10 - 8) = r1
	r1 = 4
	r2 = step ll
	r3 = r10
	r3 += -8
	r4 = 0
	call bpf_loop
	r1 = *(u64 *)(r10 - 8)
	r2 = r10
	r2 += r1
	r0 = *(u8 *)(r2 - 8) ;~ E0702
	r0 = 2
	exit
step:	r1 = 1000
	*(u64 *)(r2 + 0) = r1
	r0 = 0
	exit
