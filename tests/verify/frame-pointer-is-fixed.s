; The frame pointer cannot be changed.
	r10 += -8 ;~ E0705: the frame pointer `r10` cannot be changed
	r0 = 0
	exit
