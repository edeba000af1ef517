; A number is no address.
	r1 = *(u32 *)(r1 + 12) ;~ note: a number loaded here
	r0 = *(u8 *)(r1 + 0) ;~ E0705: through a number, not a pointer
	exit
