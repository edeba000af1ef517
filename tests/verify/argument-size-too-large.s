; A helper's size fits the memory.
	r2 = 0
	*(u64 *)(r10 - 8) = 0
	r3 = r10
	r3 += -8
	r4 = 16
	call bpf_xdp_load_bytes ;~ E0707: outside the stack frame
	r0 = 0
	exit
