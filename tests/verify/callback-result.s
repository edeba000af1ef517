; The function that is called back must return 0 or 1.
;@ alone: the kernel wants types of functions
	r1 = 4
	r2 = step ll
	r3 = 0
	r4 = 0
	call bpf_loop
	r0 = 2
	exit
step:	r0 = r1
	exit ;~ E0732: returns a value that its caller does not allow
