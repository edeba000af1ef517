; The result would tell where the stack is.
;@ section: socket
;@ unprivileged: addresses
	r0 = r10
	exit ;~ E0736: the address of the stack frame is returned
