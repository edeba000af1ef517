; The context is accessed through the pointer that was given.
	r1 += 4
	r0 = *(u32 *)(r1 + 8) ;~ E0751: through a changed pointer
	exit
