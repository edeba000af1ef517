; Helpers are for some program types.
	r1 = 1
	call bpf_get_attach_cookie ;~ E0409: programs of type `BPF_PROG_TYPE_XDP` cannot call
	r0 = 0
	exit
