; The bound may be unknown as long as it is bounded.
	r7 = *(u32 *)(r1 + 12)
	r7 &= 63
	r6 = 0
again:
	if r6 >= r7 goto out
	r6 += 1
	goto again
out:
	r0 = 2
	exit
