; Where the packet is too short, the load ends the function, and its caller finds `r6` as it was, but `r9` unset.
;@ alone: the kernel wants types of functions
;@ section: socket
;@ kernel: 6.18
	r6 = r1
	call get
	r0 = r9 ;~ E0701
	exit
get:	r9 = 1
	r6 = r1
	r0 = *(u8 *)skb[0]
	exit
