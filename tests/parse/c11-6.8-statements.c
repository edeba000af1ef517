// C11 6.8: statements; GNU case ranges, labels, computed goto, assembly.
int f(int x) {
	if (x) if (x > 1) return 1; else return 2;
	while (x) if (x) x--; else break;
#pragma unroll
	for (int i = 0; i < 4; i++) continue;
#pragma unroll 2
	for (;;) { }
#pragma clang loop unroll(disable)
	do x++; while (x < 3);
	switch (x) {
	case 1: int late = 1;
	case 2 ... 5: __attribute__((fallthrough));
	default:
	}
	{ __label__ l; l: goto l; }
	void *p = &&end;
	goto *p;
	asm volatile("r0 = %0" : "=r"(x), [y] "+r"(p) : "i"(1) : "r1", "memory");
	asm goto("" : : : : end);
	asm("nop");
	return ({ int t = x; t + 1; });
end:
}
asm("global");
;
//= ast
//| function f : function(x : int) int
//|   block
//|     if x
//|       if (> x 1)
//|         return 1
//|       else
//|         return 2
//|     while x
//|       if x
//|         (post-- x)
//|       else
//|         break
//|     for; (< i 4); (post++ i) unroll=full
//|       declare i : int = 0
//|       continue
//|     for;; unroll=2
//|       block
//|     do-while (< x 3) unroll=no
//|       (post++ x)
//|     switch x
//|       block
//|         case 1
//|           declare late : int = 1
//|         case 2 ... 5
//|           empty
//|         default
//|           empty
//|     block
//|       labels l
//|       label l
//|         goto l
//|     declare p : pointer void = (&& end)
//|     goto * p
//|     asm "r0 = %0" volatile out(_ "=r" x) out(y "+r" p) in(_ "i" 1) clobber("r1") clobber("memory")
//|     asm "" goto label(end)
//|     asm "nop"
//|     return ({ block; declare t : int = x; (+ t 1) })
//|     label end
//|       empty
//| asm
