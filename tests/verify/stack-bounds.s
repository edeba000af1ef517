; The frame has 512 bytes.
	*(u64 *)(r10 - 520) = 1 ;~ E0702: outside the stack frame
	r0 = 0
	exit
