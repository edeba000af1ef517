; Calls overwrite the argument registers.
	r6 = r1
	call bpf_ktime_get_ns ;~ note: `bpf_ktime_get_ns` overwrites registers r1 to r5
	r0 = r1 ;~ E0701
	exit
