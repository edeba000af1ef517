; A loop that changes nothing has no end.
	r0 = 0
again:
	goto again ;~ E0712: no end that the verifier can see
