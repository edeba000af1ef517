; The address of a local variable is not returned.
	call f
	r0 = 0
	exit
f:
	r0 = r10
	exit ;~ E0705: the address of its own local variable
