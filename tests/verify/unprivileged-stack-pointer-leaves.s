; The pointer must not even leave the stack without an access.
;@ section: socket
;@ unprivileged: speculation
	r1 = r10
	r1 += 8 ;~ E0736: a pointer to the stack may leave it
	r0 = 0
	exit
