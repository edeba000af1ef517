; This helper is not for everyone.
;@ section: socket
;@ unprivileged: helpers
	call bpf_jiffies64 ;~ E0740: this helper needs privileges
	r0 = 0
	exit
