; A comparison tells a bit of the address.
;@ section: socket
;@ unprivileged: addresses
	r0 = 0
	if r10 > 4096 goto out ;~ E0736: the address of the stack frame is compared
	r0 = 1
out:	exit
