// Independent mistakes are reported each, and each once.
int f(int x) {
	retrun 3; //~ E0201
	        //~^ help: did you mean `return` instead of `retrun`?
	x = 4 5 6; //~ E0201: unexpected `5`
	switch (x) { case 1 return 2; } //~ E0201: expected `:` before `return`
	int int y; //~ E0203
	for (int i = 0; i < 3, i++) ; //~ E0201: expected `;`
	return x;
}
int a = 08 + 99999999999999999999; //~ E0111: invalid digit `8` in octal number `08`
                                 //~^ E0111: number `99999999999999999999` does not fit
char b = '', c = '\q', d[] = L"a" u"b"; //~ E0112: empty character constant
                                       //~^ E0112: unknown escape sequence `\q`
                                       //~^ E0112: different prefixes
int g;
//= ast
//| function f : function(x : int) int
//|   block
//|     retrun
//|     3
//|     error
//|     switch x
//|       block
//|         case 1
//|           return 2
//|     declare y : <error>
//|     for; (, (< i 3) (post++ i));
//|       declare i : int = 0
//|       empty
//|     return x
//| declare a : int = (+ <error> <error>)
//| declare b : char = <error>
//| declare c : char = <error>
//| declare d : array[] char = L"ab"
//| declare g : int
