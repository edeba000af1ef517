// Predefined macros, feature tests and pragmas.
//@ flags: -DFLAG -DVALUE=7 -DCALL(x)=(x+1) -U__llvm__ -include=forced.h
__LINE__ __COUNTER__ __COUNTER__ __INCLUDE_LEVEL__ __DATE__ __STDC_VERSION__
FLAG VALUE CALL(2) FORCED
#ifdef __llvm__
#error -U had no effect
#endif
#if !defined __bpf__ || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || __SIZEOF_POINTER__ != 8
#error not BPF
#endif
#if __has_include("guarded.h") && !__has_include("nosuch.h") && __has_include(<once.h>)
include
#endif
#ifdef __has_builtin
__has_builtin(__builtin_memcpy) __has_builtin(nosuch) __has_attribute(__packed__) __has_feature(x)
#endif
_Pragma("unroll") for
#pragma unroll 4
for
#pragma GCC unroll 8
for
#pragma clang loop unroll(disable)
for
#pragma nounroll
for
#pragma pack(push, 1)
struct
#pragma pack(pop)
struct
#define PUSHED 1
#pragma push_macro("PUSHED")
#undef PUSHED
#define PUSHED 2
PUSHED
#pragma pop_macro("PUSHED")
PUSHED
//= tokens
//| 3:1 Number 3
//| 3:10 Number 0
//| 3:22 Number 1
//| 3:34 Number 0
//| 3:52 Str "Jan  1 1970"
//| 3:61 Number 201112L
//| 4:1 Number 1
//| 4:6 Number 7
//| 4:12 Punctuator (
//| 4:17 Number 2
//| 4:12 Punctuator +
//| 4:12 Number 1
//| 4:12 Punctuator )
//| 4:20 Ident yes
//| 12:1 Ident include
//| 15:1 Number 1
//| 15:33 Number 0
//| 15:55 Number 1
//| 15:83 Number 0
//| pragma Unroll(Full)
//| 17:19 Ident for
//| pragma Unroll(Count(4))
//| 19:1 Ident for
//| pragma Unroll(Count(8))
//| 21:1 Ident for
//| pragma Unroll(Disable)
//| 23:1 Ident for
//| pragma Unroll(Disable)
//| 25:1 Ident for
//| pragma Pack(Some(1))
//| 27:1 Ident struct
//| pragma Pack(None)
//| 29:1 Ident struct
//| 34:1 Number 2
//| 36:1 Number 1
