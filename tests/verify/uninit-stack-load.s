; Stack bytes must be stored before they are read; Linux 6.3 lets privileged programs.
	*(u32 *)(r10 - 8) = 1
	r0 = *(u64 *)(r10 - 8) ;~ E0701: a local variable is read before it is set
	exit
