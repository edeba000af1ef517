; Pointers are not multiplied.
	r1 *= 2 ;~ E0704: `*` cannot be applied to the program's context
	r0 = 0
	exit
