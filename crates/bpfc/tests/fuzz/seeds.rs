//! Objects that inputs are made of: small programs, compiled by bpfc and, where it is installed, by
//! clang.

use super::check::Partner;
use bpfc::{Cpu, Endian, NoHost, OptLevel, Options};
use bpfc_base::Session;
use std::path::Path;
use std::process::Command;

const HEAD: &str = "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n";

/// Short, so that most changes hit something.
const SOURCES: &[&str] = &[
    // A map, data of all kinds, a subprogram.
    r#"struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, int); __type(value, long); } m SEC(".maps");
    int counter = 3, zero; static const int table[3] = {1, 2, 3};
    static __attribute__((noinline)) int twice(int x) { return x * 2 + counter; }
    SEC("xdp") int prog(struct xdp_md *ctx) {
        int key = zero; long *v = bpf_map_lookup_elem(&m, &key);
        if (v) *v += table[key & 1];
        return twice(key);
    }
    char _license[] SEC("license") = "GPL";"#,
    // Packets, and several programs in several sections.
    r#"SEC("tc") int one(struct __sk_buff *skb) {
        void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
        if (data + 14 > end) return 0;
        return *(unsigned short *)(data + 12);
    }
    SEC("tc") int two(struct __sk_buff *skb) { return skb->len > 64 ? -1 : 0; }
    SEC("?socket") int three(struct __sk_buff *skb) { return 1; }
    int version SEC("version") = 5; char _license[] SEC("license") = "GPL";"#,
    // A callback, a loop, a string.
    r#"static int add(unsigned i, void *data) { *(long *)data += i; return 0; }
    SEC("xdp") int prog(struct xdp_md *ctx) {
        long sum = 0; char text[] = "sum %d";
        bpf_loop(4, add, &sum, 0);
        for (int i = 0; i < 8; i++) sum += ctx->ingress_ifindex >> i;
        bpf_trace_printk(text, sizeof(text), sum);
        return sum & 3;
    }
    char _license[] SEC("license") = "GPL";"#,
    // Fields by CO-RE, and what the kernel provides.
    r#"struct inner { int a, b : 5; } __attribute__((preserve_access_index));
    struct outer { long pad; struct inner in; struct outer *next; } __attribute__((preserve_access_index));
    extern int LINUX_KERNEL_VERSION __kconfig; extern const int some_symbol __ksym;
    extern void bpf_rcu_read_lock(void) __ksym; extern void bpf_rcu_read_unlock(void) __ksym;
    SEC("raw_tp/sys_enter") int prog(struct outer *o) {
        bpf_rcu_read_lock();
        int r = LINUX_KERNEL_VERSION + *&some_symbol;
        bpf_rcu_read_unlock();
        if (__builtin_preserve_field_info(o->in.a, 2)) r += __builtin_preserve_field_info(o->in.b, 0);
        return r;
    }
    char _license[] SEC("license") = "GPL";"#,
    // What another object defines.
    r#"extern int counter, list[4] SEC(".data.list"); int add(int a, int b); int maybe(int x) __attribute__((weak));
    extern struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 2); __type(key, int); __type(value, int); } shared SEC(".maps");
    SEC("xdp") int user(struct xdp_md *ctx) {
        int key = 0; int *v = bpf_map_lookup_elem(&shared, &key);
        return add(counter, list[2]) + (v ? maybe(*v) : 0);
    }"#,
    // What others use, and what is weak.
    r#"int counter = 4, list[4] SEC(".data.list") = {1, 2, 3, 4};
    struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 2); __type(key, int); __type(value, int); } shared __attribute__((weak)) SEC(".maps");
    __attribute__((noinline)) int add(int a, int b) { return a + b; }
    __attribute__((weak, noinline)) int maybe(int x) { return x + counter; }
    __attribute__((visibility("hidden"), noinline)) int secret(int x) { return x ^ 5; }
    int level __attribute__((weak)) = 2;
    SEC("xdp") int own(struct xdp_md *ctx) { return maybe(secret(level)); }
    char _license[] SEC("license") = "GPL";"#,
    // Maps of maps and of programs.
    r#"struct in { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, int); __type(value, int); } first SEC(".maps");
    struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 2); __type(key, int); __array(values, struct in); }
        outer SEC(".maps") = { .values = { [1] = (void *)&first } };
    int jump(void *ctx);
    struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 2); __uint(key_size, 4); __array(values, int(void *)); }
        jumps SEC(".maps") = { .values = { [0] = (void *)&jump } };
    SEC("xdp") int jump(void *ctx) { return 2; }
    SEC("xdp") int prog(struct xdp_md *ctx) {
        int key = 1; void *in = bpf_map_lookup_elem(&outer, &key);
        if (in) bpf_map_lookup_elem(in, &key);
        bpf_tail_call(ctx, &jumps, 0);
        return 1;
    }
    char _license[] SEC("license") = "GPL";"#,
    // Types of every kind, a ring buffer.
    r#"enum color { RED, BLUE = -2 }; enum wide { HUGE = 0x100000000 }; union u { int i; float *f; };
    typedef struct event { char name[8]; const volatile union u *u; enum color c; enum wide w; int (*f)(int, ...); struct later *l; } event_t;
    struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } rb SEC(".maps");
    SEC("tp/sched/sched_switch") int prog(void *ctx) {
        event_t *e = bpf_ringbuf_reserve(&rb, sizeof(*e), 0);
        if (!e) return 0;
        e->c = BLUE; e->w = HUGE; e->name[0] = 'x';
        bpf_ringbuf_submit(e, 0);
        return 0;
    }
    char _license[] SEC("license") = "GPL";"#,
];

/// All seeds, always in the same order.
pub fn all() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (idx, source) in SOURCES.iter().enumerate() {
        let is_odd = idx % 2 == 1;
        let endian = if idx == 5 { Endian::Big } else { Endian::Little };
        let cpu = if is_odd { Cpu::V4 } else { Cpu::V3 };
        seeds.push(ours(source, Options { cpu, ..Options::default() }));
        if is_odd {
            let opt_level = OptLevel::O0;
            seeds.push(ours(source, Options { endian, opt_level, ..Options::default() }));
        }
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz-seeds");
    std::fs::create_dir_all(&folder).expect("the build's folder is writable");
    for (idx, source) in SOURCES.iter().enumerate() {
        seeds.extend(clangs(&folder, idx, source));
    }
    seeds
}

/// What inputs are joined with: the object that defines what others use.
pub fn partner(seeds: &[Vec<u8>]) -> Partner {
    let objects = seeds.iter().map(|seed| bpfc_object::read(seed).expect("a whole object"));
    let mut definers = objects.filter(|object| object.function("secret").is_some());
    let object = definers.next().expect("one of the sources");
    let btf = object.open_btf().expect("types of our own");
    Partner { object, btf }
}

fn ours(source: &str, options: Options) -> Vec<u8> {
    let mut session = Session::default();
    let text = format!("{HEAD}{source}");
    let file = bpfc::add_source(&mut session, "seed.c", text.as_bytes()).expect("a text");
    let object = bpfc::compile(&mut session, file, &options, &mut NoHost);
    let reports: Vec<_> = session.diagnostics.iter().map(|report| &report.message).collect();
    let object = object.unwrap_or_else(|| panic!("{reports:?}\n{source}"));
    bpfc_object::write(&object).expect("it can be written")
}

/// The object that clang makes, without DWARF; none if it, or LLVM's tools, are not installed.
fn clangs(folder: &Path, idx: usize, source: &str) -> Option<Vec<u8>> {
    let input = folder.join(format!("{idx}-{}.c", std::process::id()));
    let output = input.with_extension("o");
    std::fs::write(&input, format!("{HEAD}{source}")).ok()?;
    let include = format!("/usr/include/{}-linux-gnu", std::env::consts::ARCH);
    let mut clang = Command::new("clang-19");
    clang.args(["-target", "bpf", "-g", "-O2", "-w", "-mcpu=v3", "-I", &include, "-c"]);
    let is_done = |command: &mut Command| command.output().is_ok_and(|out| out.status.success());
    let bytes = is_done(clang.arg(&input).arg("-o").arg(&output))
        && is_done(Command::new("llvm-strip-19").arg("-g").arg(&output));
    let bytes = bytes.then(|| std::fs::read(&output).ok()).flatten();
    for path in [input, output] {
        let _ = std::fs::remove_file(path);
    }
    bytes
}
