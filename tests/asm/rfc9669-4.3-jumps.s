; Distances count slots, of which a 64-bit load has two.
start:
	goto end
	r1 = 1 ll
	if r1 == 5 goto start
	if r1 != r2 goto end
	if w1 & 1 goto pc+1
	if w1 s<= -1 goto -1
	if r1 > 4 goto +0
	gotol start
	may_goto end
	call 1
	call pc+1
	call start
	call kfunc#1234
	call kfunc#1234:2
end:	exit
;= bytes
;| 05 00 0e 00 00 00 00 00  goto +0xe  (goto pc+14)
;| 18 01 00 00 01 00 00 00 00 00 00 00 00 00 00 00  r1 = 0x1 ll  (r1 = 0x1)
;| 15 01 fc ff 05 00 00 00  if r1 == 0x5 goto -0x4  (if r1 == 0x5 goto pc-4)
;| 5d 21 0a 00 00 00 00 00  if r1 != r2 goto +0xa  (if r1 != r2 goto pc+10)
;| 46 01 01 00 01 00 00 00  if w1 & 0x1 goto +0x1  (if w1 & 0x1 goto pc+1)
;| d6 01 ff ff ff ff ff ff  if w1 s<= -0x1 goto -0x1  (if w1 s<= 0xffffffff goto pc-1)
;| 25 01 00 00 04 00 00 00  if r1 > 0x4 goto +0x0  (if r1 > 0x4 goto pc+0)
;| 06 00 00 00 f7 ff ff ff  gotol -0x9  (gotol pc-9)
;| e5 00 05 00 00 00 00 00  may_goto +0x5  (may_goto pc+5)
;| 85 00 00 00 01 00 00 00  call 0x1  (call unknown#1)
;| 85 10 00 00 01 00 00 00  call pc+0x1  (call pc+1)
;| 85 10 00 00 f3 ff ff ff  call pc-0xd  (call pc-13)
;| 85 20 00 00 d2 04 00 00  call kfunc#1234  (call kernel-function#1234)
;| 85 20 02 00 d2 04 00 00  call kfunc#1234:2  (call kernel-function#1234)
;| 95 00 00 00 00 00 00 00  exit  (exit)
