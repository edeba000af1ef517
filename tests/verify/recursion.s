; Functions do not recurse.
	call f
	exit
f:
	r0 = 0
	call f ;~ E0401: `f` calls itself
	exit
