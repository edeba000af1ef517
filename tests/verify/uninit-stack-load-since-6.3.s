; Since Linux 6.3 privileged programs may read what nobody stored.
;@ kernel: 6.3
	*(u32 *)(r10 - 8) = 1
	r0 = *(u64 *)(r10 - 8)
	r0 = 2
	exit
