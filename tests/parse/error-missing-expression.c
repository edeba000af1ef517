// Where an expression is missing, nothing else is reported.
int f(int x)
{
	int y = ;
	      //^ E0201: expected an expression before `;`
	x = 3 + ;
	      //^ E0201: expected an expression before `;`
	f(, 1);
	//^ E0201: expected an expression before `,`
	f(1, );
	 //^ E0201: unexpected `,` before `)`
	return x * ;
	         //^ E0201: expected an expression before `;`
}
void g(int a, ) {}
          //^ E0201: unexpected `,` before `)`
//= ast
//| function f : function(x : int) int
//|   block
//|     declare y : int = <error>
//|     (= x (+ 3 <error>))
//|     (call f <error> 1)
//|     (call f 1)
//|     return (* x <error>)
//| function g : function(a : int) void
//|   block
