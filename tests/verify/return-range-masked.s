; A mask bounds the result.
;@ section: cgroup_skb/ingress
	r0 = *(u32 *)(r1 + 0)
	r0 &= 1
	exit
