; Only two types of programs are for everyone.
;@ section: xdp
;@ unprivileged: program types
	r0 = 2 ;~ E0740: only socket filters
	exit
