// A `}` too many is reported and left out.
int f(void) { return 1; } }
                        //^ E0201: `}` without `{`
int g;
else x;
//~^ E0201: `else` without `if`
int h;
//= ast
//| function f : function() int
//|   block
//|     return 1
//| declare g : int
//| error
//| declare h : int
