; An atomic operation on the stack needs an offset that is a constant.
	*(u64 *)(r10 - 16) = 1
	*(u64 *)(r10 - 8) = 1
	call bpf_get_prandom_u32
	r0 &= 8
	r2 = r10
	r2 += -16
	r2 += r0
	r1 = 1
	lock *(u64 *)(r2 + 0) += r1 ;~ E0705: an atomic operation on a local array at a variable index
	r0 = 0
	exit
