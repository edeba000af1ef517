; Branches in a loop do not multiply: what they leave behind does not matter.
;@ map: hits hash 4 64 16
	r6 = r1
	r7 = 0
again:
	r1 = *(u32 *)(r6 + 12)
	r2 = 0
	if r1 & 1 goto a
	r2 = 1
a:
	if r1 & 2 goto b
	r2 += 2
b:
	if r1 & 4 goto c
	r2 += 4
c:
	*(u32 *)(r10 - 8) = r2
	r7 += 1
	if r7 < 100 goto again
	r0 = 2
	exit
