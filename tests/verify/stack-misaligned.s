; Stack accesses are aligned.
	*(u64 *)(r10 - 12) = 1 ;~ E0747: misaligned
	r0 = 0
	exit
