// C11 6.10.1: conditionals must balance.
#endif
//~^ E0107: `#endif` without `#if`
#else
//~^ E0107: `#else` without `#if`
#elif 1
//~^ E0107: `#elif` without `#if`
#if 1
#else
#else
//~^ E0107: `#else` after `#else`
#endif
#if 0
#elif 1 / 0
      //^ E0108: division by zero
#elif 0 && 1 / 0
#else
#if defined
  //^^^^^^^ E0108: `defined` needs the name of a macro
#endif
#endif
#ifdef 3
     //^ E0106: expected the name of a macro
#endif
#if f(1)
  //^ E0108: function-like macro `f` is not defined
#endif
#if
//~^ E0108: condition without an expression
#endif
#if 1.5
  //^^^ E0108: floating constant
#endif
#ifndef X
//~^ E0107: conditional without `#endif`

