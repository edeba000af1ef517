; A bounded size is a size.
	r4 = *(u32 *)(r1 + 12)
	r2 = 0
	*(u64 *)(r10 - 8) = 0
	r3 = r10
	r3 += -8
	if r4 == 0 goto out
	if r4 > 8 goto out
	call bpf_xdp_load_bytes
out:
	r0 = 0
	exit
