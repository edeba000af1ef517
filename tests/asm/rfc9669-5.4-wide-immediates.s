; Numbers, and what the loader turns into addresses.
function:
	r1 = 0x123456789abcdef0 ll
	r1 = -1 ll
	r1 = map_by_fd(3) ll
	r1 = map_val(map_by_fd(3)) + 8 ll
	r1 = map_by_idx(0) ll
	r1 = map_val(map_by_idx(0)) + 0 ll
	r1 = var_addr(100) ll
	r1 = var_addr(100, 7) ll
	r1 = code_addr(pc-2) ll
	r1 = function ll
;= bytes
;| 18 01 00 00 f0 de bc 9a 00 00 00 00 78 56 34 12  r1 = 0x123456789abcdef0 ll  (r1 = 0x123456789abcdef0)
;| 18 01 00 00 ff ff ff ff 00 00 00 00 ff ff ff ff  r1 = -0x1 ll  (r1 = 0xffffffffffffffff)
;| 18 11 00 00 03 00 00 00 00 00 00 00 00 00 00 00  r1 = map_by_fd(3) ll  (r1 = 0x3)
;| 18 21 00 00 03 00 00 00 00 00 00 00 08 00 00 00  r1 = map_val(map_by_fd(3)) + 0x8 ll  (r1 = 0x800000003)
;| 18 51 00 00 00 00 00 00 00 00 00 00 00 00 00 00  r1 = map_by_idx(0) ll  (r1 = 0x0)
;| 18 61 00 00 00 00 00 00 00 00 00 00 00 00 00 00  r1 = map_val(map_by_idx(0)) + 0x0 ll  (r1 = 0x0)
;| 18 31 00 00 64 00 00 00 00 00 00 00 00 00 00 00  r1 = var_addr(100) ll  (r1 = 0x64)
;| 18 31 00 00 64 00 00 00 00 00 00 00 07 00 00 00  r1 = var_addr(100, 7) ll  (r1 = 0x700000064)
;| 18 41 00 00 fe ff ff ff 00 00 00 00 00 00 00 00  r1 = code_addr(pc-0x2) ll  (r1 = 0xfffffffe)
;| 18 41 00 00 ed ff ff ff 00 00 00 00 00 00 00 00  r1 = code_addr(pc-0x13) ll  (r1 = 0xffffffed)
