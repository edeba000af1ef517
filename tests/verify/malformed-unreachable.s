; Every instruction is reachable.
	r0 = 0
	exit
	r0 = 1 ;~ E0714: no path leads to this instruction
	exit
