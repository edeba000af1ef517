; The verifier looks at a million instructions.
;@ alone: the log of the kernel would be as long
	r6 = 0
again:
	r6 += 1
	if r6 < 600000 goto again ;~ E0711: more than 1000000 instructions
	r0 = 2
	exit
