; Users without privileges cannot loop, not even with a bound.
;@ section: socket
;@ unprivileged: control flow
	r0 = 0
again:	r0 += 1
	if r0 < 4 goto again ;~ E0740: a program cannot have loops
	exit
