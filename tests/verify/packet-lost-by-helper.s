; A helper that moves the packet ends all pointers into it.
	r6 = r1
	r7 = *(u32 *)(r1 + 0)
	r3 = *(u32 *)(r1 + 4)
	r4 = r7
	r4 += 8
	if r4 > r3 goto out
	r2 = 4
	call bpf_xdp_adjust_head ;~ note: may move the packet
	r0 = *(u8 *)(r7 + 0) ;~ E0745: from before
out:
	r0 = 2
	exit
