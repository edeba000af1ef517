// Prints a line for every new process or thread.
//
//   bpfc check examples/hello_world.c
//   bpfc run examples/hello_world.c                 in the virtual machine, once
//   bpfc run --kernel examples/hello_world.c        on this machine, until Ctrl-C
//
// This is the dialect of BCC: no includes, no sections. The name of the function says
// where it is attached, here to the entry of the kernel's function `__x64_sys_clone`
// (bpfc finds out what the kernel calls the system call on this machine).

int kprobe__sys_clone(void *ctx)
{
	bpf_trace_printk("Hello, World!\n");
	return 0;
}
