; That a number is not zero is nothing that older kernels remember: less one, it may be below zero.
;@ kernel: 6.7
;@ map: cells array 4 8 1
	*(u32 *)(r10 - 4) = 0
	r2 = r10
	r2 += -4
	r1 = cells ll
	call bpf_map_lookup_elem
	if r0 == 0 goto done
	r1 = *(u64 *)(r0 + 0)
	if r1 == 0 goto done
	if r1 > 2 goto done
	r1 += -1
	r0 += r1
	r0 = *(u8 *)(r0 + 0) ;~ E0702: may be outside
done:
	r0 = 0
	exit
