; Frames start two bytes into a word, so that what follows the 14 bytes of Ethernet's header is aligned.
;@ align: strictly
;@ alone: this machine takes the second access
	r2 = *(u32 *)(r1 + 0)
	r3 = *(u32 *)(r1 + 4)
	r4 = r2
	r4 += 22
	if r4 > r3 goto out
	r0 = *(u32 *)(r2 + 14)
	r0 = *(u32 *)(r2 + 12) ;~ E0747: a misaligned access to packet data
out:
	r0 = 2
	exit
