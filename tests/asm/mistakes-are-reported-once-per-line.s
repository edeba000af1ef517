; One report for each line with a mistake, at the token that is wrong.
	r1 = w2
	r1 =
	exit
	goto nowhere
	r12 = 1
	*(u64 *)(r1 + 40000) = 0
	r1 = 0xffffffff
;= errors
;| 2:7: expected a 64-bit register, found `w2`
;| 3:6: expected a number, found end of line
;| 5:7: label `nowhere` is not defined
;| 6:2: expected an instruction, found `r12`
;| 7:14: 40000 does not fit a signed 16-bit offset
;| 8:7: 4294967295 does not fit a signed 32-bit immediate
