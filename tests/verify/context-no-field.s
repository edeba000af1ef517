; There is nothing behind the context.
	r0 = *(u32 *)(r1 + 24) ;~ E0710: nothing that can be read at offset 24
	exit
