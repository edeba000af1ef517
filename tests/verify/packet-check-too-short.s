; Eight bytes are not nine.
	r2 = *(u32 *)(r1 + 0)
	r3 = *(u32 *)(r1 + 4)
	r4 = r2
	r4 += 8
	if r4 > r3 goto out ;~ note: covers 8 bytes only
	r0 = *(u8 *)(r2 + 8) ;~ E0706
out:
	r0 = 2
	exit
