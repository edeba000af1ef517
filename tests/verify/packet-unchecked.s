; Packet data is compared with the end first.
	r2 = *(u32 *)(r1 + 0)
	r0 = *(u8 *)(r2 + 0) ;~ E0706: may be outside the packet
	exit
