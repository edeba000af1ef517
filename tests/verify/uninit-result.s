; The result must be set on every path.
	r1 = *(u32 *)(r1 + 12)
	if r1 == 0 goto out
	r0 = 1
out:
	exit ;~ E0701: the return value is not set on this path
