// C11 6.10: directives that are wrong, each reported once.
#inclde "x.h"
//~^ W0102: unknown directive `#inclde`
//~^ help: did you mean `#include`?
#include "missing.h"
       //^^^^^^^^^^^ E0104: included file `missing.h` was not found
#include
//~^ E0106: expected `"file"` or `<file>`
#define
//~^ E0115: expected the name of a macro
#define 3
      //^ E0115: expected the name of a macro
#define defined 1
      //^^^^^^^ E0115: `defined` cannot be the name of a macro
#define F(a, a) a
           //^ E0115: `a` cannot be a parameter here
#define G(a, 1) a
           //^ E0115: expected a parameter name
#define H(a) #b
           //^ E0115: `#` is not followed by a macro parameter
#define I ## x
        //^^ E0115: `##` cannot be at either end
#define J __VA_ARGS__
#define K(a) __VA_ARGS__
           //^^^^^^^^^^^ E0115: `__VA_ARGS__` only means something in a variadic macro
#define L 1
#define L 2
      //^ W0101: macro `L` is defined again
#define L /* the same */ 2
#undef L extra
       //^^^^^ E0106: extra text after `#undef`
#error stop here, don't go on
//~^ E0110: stop here, don't go on
#warning careful
//~^ W0103: careful
#pragma nosuch thing
//~^ W0102: unknown pragma `nosuch`
#pragma GCC diagnostic push
#pragma clang diagnostic ignored "-Wundef"
#pragma pack(3)
//~^ E0106: expected `push`, `pop`, 1, 2, 4, 8 or 16
#line x
    //^ E0106: expected a line number
#ident "any"
#
