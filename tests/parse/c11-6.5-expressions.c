// C11 6.5: precedence and associativity; GNU extensions.
int a = 1 + 2 * 3 - 4 / 2 % 5 << 1 >> 2 < 3 == 4 & 5 ^ 6 | 7 && 8 || 9;
int b = x ? y : z ? p : q, c = x ?: y;
int d = -x++ + !~*&y - --z, e = sizeof x + sizeof(int) + sizeof(x) + _Alignof(long);
int f = (int)(char)x + (x)(y) + (x) - 1;
int g = p->a.b[1](2, 3)->c++;
void h(void) { a = b += c, d <<= e |= f; }
int i = _Generic(x, int: 1, const char *: 2, default: 3);
int j = __builtin_offsetof(struct s, a.b[3].c) + __builtin_types_compatible_p(int, long);
int k = __builtin_preserve_type_info(*(int *)0, 1) + __builtin_choose_expr(1, 2, 3);
int l = __builtin_va_arg(x, int *) + __builtin_nosuch(struct s *, 4);
int m = __extension__ 1 + 0x10uL + 017 + 0b11llu + 1.5f + 'a' + 'ab' + __func__[0];
_Static_assert(1);
//= ast
//| declare a : int = (|| (&& (| (^ (& (== (< (>> (<< (- (+ 1 (* 2 3)) (% (/ 4 2) 5)) 1) 2) 3) 4) 5) 6) 7) 8) 9)
//| declare b : int = (?: x y (?: z p q))
//| declare c : int = (?: x y)
//| declare d : int = (- (+ (- (post++ x)) (! (~ (* (& y))))) (-- z))
//| declare e : int = (+ (+ (+ (sizeof x) (sizeof <int>)) (sizeof (paren x))) (_Alignof <long>))
//| declare f : int = (- (+ (+ (cast <int> (cast <char> x)) (call (paren x) y)) (paren x)) 1)
//| declare g : int = (post++ (->c (call (index (.b (->a p)) 1) 2 3)))
//| function h : function() void
//|   block
//|     (, (= a (+= b c)) (<<= d (|= e f)))
//| declare i : int = (_Generic x <int>: 1 <pointer const char>: 2 <default>: 3)
//| declare j : int = (+ (offsetof <struct s> .a.b[3].c) (types_compatible <int> <long>))
//| declare k : int = (+ (call __builtin_preserve_type_info (* (cast <pointer int> 0)) 1) (call __builtin_choose_expr 1 2 3))
//| declare l : int = (+ (va_arg x <pointer int>) (__builtin_nosuch <pointer struct s> 4))
//| declare m : int = (+ (+ (+ (+ (+ (+ (+ 1 16ul) 15) 3ull) 1.5) '97') '24930') (index __func__ 0))
//| static_assert 1
