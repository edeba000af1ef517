// BPF has no floating point; constants that fold to integers are fine.
int scale(int x)
{
	double factor = 0.5;
//      ^^^^^^ E0404: BPF has no floating point
	return x * factor;
}
int half(int x)
{
	return x * 0.5;
	         //^^^ E0404
}
int fine(void) { return (int)(0.5 * 10); }
