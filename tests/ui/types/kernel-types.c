// Types and constants that the source does not declare come from the kernel.
int parent(struct task_struct *task, pid_t fallback)
{
	char comm[TASK_COMM_LEN];
	_Static_assert(sizeof(comm) == 16, "from an enumeration");
	if (!task->real_parent)
		return fallback;
	return task->real_parent->tgidd;
	                        //^^^^^ E0302: `struct task_struct` has no member `tgidd`
	//~^ help: did you mean `tgid`?
}
// What the source declares itself wins.
struct nsproxy { long mine; };
int own(struct nsproxy *n) { return n->mine + sizeof(*n); }
// A tag that the source only mentions is the kernel's.
struct uts_namespace;
int inum(struct uts_namespace *uts) { return uts->ns.inum; }
