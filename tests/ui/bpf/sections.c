// A section that stands for no program type.
#define SEC(name) __attribute__((section(name), used))
SEC("kprobes/do_unlinkat") int f(void *ctx) { return 0; }
  //^^^^^^^^^^^^^^^^^^^^^ E0407: the section `kprobes/do_unlinkat` is of no known program type
//~^ help: did you mean `kprobe/do_unlinkat`?
