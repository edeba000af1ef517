; Each of the comparisons covers as many bytes as it says.
	r2 = *(u32 *)(r1 + 0)
	r3 = *(u32 *)(r1 + 4)
	r4 = r2
	r4 += 8
	if r4 > r3 goto out
	r0 = *(u64 *)(r2 + 0)
	r5 = r2
	r5 += 16
	if r3 < r5 goto out
	r0 = *(u64 *)(r2 + 8)
	r5 += 1
	if r3 <= r5 goto out
	r0 = *(u8 *)(r5 + 0)
out:
	r0 = 2
	exit
