; Of a stored pointer only the whole can be loaded.
	*(u64 *)(r10 - 8) = r1
	r0 = *(u32 *)(r10 - 8) ;~ E0705: a part of a pointer
	exit
