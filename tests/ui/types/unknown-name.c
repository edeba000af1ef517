// A name that nobody declares, with a suggestion.
int f(int count)
{
	return cuont + 1;
	     //^^^^^ E0301: `cuont` is not declared
	//~^ help: did you mean `count`?
}
