; Registers r6 to r9 survive a call, r1 to r5 do not.
	r6 = 1
	r2 = 1
	call f
	r0 = r6
	r0 += r2 ;~ E0701
	exit
f:
	r6 = 7
	r0 = 0
	exit
