; The frames of a chain of calls share 512 bytes.
	*(u64 *)(r10 - 304) = 1 ;~ E0403: 608 bytes of stack
	call f
	r0 = 0
	exit
f:
	*(u64 *)(r10 - 264) = 1
	r0 = 0
	exit
