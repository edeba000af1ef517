; Programs of some types return 0 or 1.
;@ section: cgroup_skb/ingress
	r0 = *(u32 *)(r1 + 0)
	exit ;~ E0709
	;~^ note: 0 to 1 are allowed
