; A function sees its caller's memory through its arguments.
	r1 = r10
	r1 += -8
	call store
	r0 = *(u64 *)(r10 - 8)
	exit
store:
	*(u64 *)(r1 + 0) = 7
	r0 = 0
	exit
