; Most context fields may only be read.
	*(u32 *)(r1 + 12) = 0 ;~ E0710: context field `ingress_ifindex` may only be read
	r0 = 0
	exit
