/* A kernel's types in miniature: what tests see as types of the kernel. */
typedef int pid_t;
typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned long long u64;
enum { TASK_COMM_LEN = 16 };
struct nsproxy;
struct task_struct {
	volatile long state;
	unsigned in_execve : 1;
	unsigned in_iowait : 1;
	int exit_code : 4;
	pid_t pid, tgid;
	struct task_struct *real_parent;
	struct nsproxy *nsproxy;
	union {
		u32 flags;
		struct { u16 low, high; };
	};
	char comm[TASK_COMM_LEN];
};
struct uts_namespace { struct { u32 inum; } ns; };
struct nsproxy { int count; struct uts_namespace *uts_ns; };
struct trace_entry { unsigned short type; unsigned char flags, preempt_count; int pid; };
struct trace_event_raw_sched_switch {
	struct trace_entry ent;
	char prev_comm[16];
	pid_t prev_pid;
	int prev_prio;
	long prev_state;
	char next_comm[16];
	pid_t next_pid;
	int next_prio;
	char __data[];
};
/* What the other names hang on. */
struct task_struct init_task;
struct trace_event_raw_sched_switch sched_switch;
