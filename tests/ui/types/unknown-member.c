// A member that the struct lacks, with a suggestion.
struct event { //~ note: `struct event` is defined here
	int pid;
	int tgid;
};
int f(struct event *e)
{
	return e->pidd;
	        //^^^^ E0302: `struct event` has no member `pidd`
	//~^ help: did you mean `pid`?
}
