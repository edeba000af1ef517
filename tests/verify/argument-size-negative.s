; A size is not negative.
	r4 = *(u32 *)(r1 + 12)
	r4 <<= 32
	r4 s>>= 32
	r2 = 0
	*(u64 *)(r10 - 8) = 0
	r3 = r10
	r3 += -8
	if r4 s> 8 goto out
	call bpf_xdp_load_bytes ;~ E0748: size `len` of `bpf_xdp_load_bytes` may be negative
out:
	r0 = 0
	exit
