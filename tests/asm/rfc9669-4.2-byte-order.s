; Conversion to and from a fixed byte order, and unconditional reversal.
	r1 = le16 r1
	r1 = be32 r1
	r1 = be64 r1
	r1 = bswap16 r1
	r1 = bswap64 r1
;= bytes
;| d4 01 00 00 10 00 00 00  r1 = le16 r1  (r1 = le16 r1)
;| dc 01 00 00 20 00 00 00  r1 = be32 r1  (r1 = be32 r1)
;| dc 01 00 00 40 00 00 00  r1 = be64 r1  (r1 = be64 r1)
;| d7 01 00 00 10 00 00 00  r1 = bswap16 r1  (r1 = bswap16 r1)
;| d7 01 00 00 40 00 00 00  r1 = bswap64 r1  (r1 = bswap64 r1)
