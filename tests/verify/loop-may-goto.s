; A loop that `may_goto` ends at some time is followed until its rounds are alike.
;@ kernel: 6.12
	r6 = 0
	r7 = *(u32 *)(r1 + 12)
again:
	may_goto out
	r6 += 1
	if r7 == 3 goto skip
	r7 += 1
skip:
	goto again
out:
	r0 = 2
	exit
