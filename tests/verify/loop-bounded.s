; Every round of a loop is followed.
	r6 = 0
	r7 = 0
again:
	r7 += r6
	r6 += 1
	if r6 < 1000 goto again
	r0 = 2
	exit
