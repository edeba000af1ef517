; What is added to a pointer is not forgotten from round to round: it leaves the stack some time.
;@ kernel: 6.12
	r6 = 0
again:
	may_goto out
	r2 = r10
	r2 += -64
	r2 += r6
	*(u8 *)(r2 + 0) = 1 ;~ E0702: outside the stack
	r6 += 1
	goto again
out:
	r0 = 2
	exit
