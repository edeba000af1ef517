; A register must be set before it is read.
	r0 = r7 ;~ E0701: `r7` is read before it is set
	exit
