; The constant zero is no divisor.
	r0 = 1
	r0 /= 0 ;~ E0714: division by the constant zero
	exit
