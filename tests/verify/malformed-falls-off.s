; A function ends with an exit.
	r0 = 0 ;~ E0714: does not end
