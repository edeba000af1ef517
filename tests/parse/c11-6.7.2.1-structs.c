// C11 6.7.2.1: structs and unions, with GNU attributes, packing and empty ones.
struct a { int x : 3, : 2, y; unsigned : 0; };
struct b { struct { int p; }; union { int q; char r; } u; struct b *next; };
struct c {};
struct __attribute__((packed)) d { char e[]; } __attribute__((aligned(4))) f;
struct { int (*type)[1]; } map __attribute__((section(".maps"), used));
#pragma pack(push, 2)
struct g { char h; int i __attribute__((aligned(8))); };
#pragma pack(pop)
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
struct j { _Static_assert(1, "in a struct"); int k; };
enum l { L };
#pragma clang attribute pop
struct m { int n; };
enum o { P, Q = 3, R __attribute__((deprecated)) = Q + 1, };
//= ast
//| struct a
//|   member x : int bits=3
//|   member _ : int bits=2
//|   member y : int
//|   member _ : unsigned int bits=0
//| declare struct a
//| struct b
//|   struct <tag1>
//|     member p : int
//|   member struct <tag1>
//|   union <tag2>
//|     member q : int
//|     member r : char
//|   member u : union <tag2>
//|   member next : pointer struct b
//| declare struct b
//| struct c
//| declare struct c
//| struct d [[packed]] [[aligned(4)]]
//|   member e : array[] char
//| declare f : struct d
//| struct <tag7>
//|   member type : pointer array[1] int
//| declare map : struct <tag7> [[section(".maps")]] [[used]]
//| struct g pack=2
//|   member h : char
//|   member i : int [[aligned(8)]]
//| declare struct g
//| struct j [[preserve_access_index]]
//|   static_assert 1 "in a struct"
//|   member k : int
//| declare struct j
//| enum l
//|   L
//| declare enum l
//| struct m
//|   member n : int
//| declare struct m
//| enum o
//|   P
//|   Q = 3
//|   R = (+ Q 1)
//| declare enum o
