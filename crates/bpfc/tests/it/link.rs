//! Static linking: what files declare leads to what others define, and what contradicts is told.

use bpfc::{NoHost, Object, Options};
use bpfc_base::{Session, Severity};
use bpfc_tester::{Engine, Given};
use bpfc_tester::{Real, is_root};
use bpfc_testkit::Failure;
use bpfc_vm::{Input, Vm};

const HEAD: &str = "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n";

fn compile(name: &str, source: &str) -> (String, Object) {
    let mut session = Session::default();
    let file = bpfc::add_source(&mut session, name, format!("{HEAD}{source}").as_bytes());
    let options = Options::default();
    let object = file.and_then(|file| bpfc::compile(&mut session, file, &options, &mut NoHost));
    let messages: Vec<_> = session.diagnostics.iter().map(|d| &d.message).collect();
    (name.replace(".c", ".o"), object.unwrap_or_else(|| panic!("{name}: {messages:?}")))
}

/// Links files that are named `a.c`, `b.c`, …; what was reported, as `CODE: message`.
fn link(sources: &[&str]) -> (Option<Object>, Vec<String>) {
    let names = ["a.c", "b.c", "c.c"];
    let objects: Vec<_> = names.iter().zip(sources).map(|(name, s)| compile(name, s)).collect();
    let mut session = Session::default();
    let object = bpfc::join(&mut session, &objects);
    let reports = session.diagnostics.iter();
    let texts = reports.map(|d| format!("{}: {}", d.code.name(), d.message)).collect();
    (object, texts)
}

#[track_caller]
fn linked(sources: &[&str]) -> Object {
    let (object, reports) = link(sources);
    let object = object.unwrap_or_else(|| panic!("{reports:?}"));
    // What was linked survives a file, and is what the verifier takes.
    let bytes = bpfc::write_object(&mut Session::default(), &object).expect("it can be written");
    let again = bpfc::read_object("linked.o", &bytes).unwrap_or_else(|d| panic!("{}", d.message));
    assert_eq!(
        bpfc_object::write(&again).expect("again"),
        bytes,
        "bytes change when written again"
    );
    let mut session = Session::default();
    bpfc::verify(&mut session, &again, &bpfc::VerifyOptions::default());
    let errors = session.diagnostics.iter().filter(|d| d.severity == Severity::Error);
    let errors: Vec<_> = errors.map(|d| format!("{}: {}", d.code.name(), d.message)).collect();
    assert!(errors.is_empty(), "{errors:?}");
    again
}

#[track_caller]
fn fails(sources: &[&str], expected: &[&str]) {
    let (object, reports) = link(sources);
    assert_eq!(reports, expected);
    assert!(object.is_none());
}

/// What a program returns: in the virtual machine and, where programs may be loaded, in the kernel. The
/// configuration differs between the two.
#[track_caller]
fn run(object: &Object, program: &str) -> u64 {
    let id = object.function(program).expect("the program");
    let mut vm = Vm::new(object, bpfc_vm::Options::default()).expect("a machine");
    let input = Input { packet: Some(vec![0; 64]), ..Input::default() };
    let result = vm.run(id, &input).expect("it runs").ret;
    if is_root() && object.externs.is_empty() {
        let mut kernel = match Real::new(object) {
            Ok(kernel) => kernel,
            Err(Failure::Failed(why)) => panic!("the kernel refuses it: {why}"),
            Err(_) => return result,
        };
        let gave = kernel.run(id, &Given::default()).expect("the kernel runs it");
        assert_eq!(u64::from(gave.result), result, "{program} in the kernel");
    }
    result
}

/// The BTF of the object as it stands in a file.
fn types(object: &Object) -> String {
    let blob = object.btf_with_sections().to_bytes(bpfc_btf::Endian::Little).expect("right");
    bpfc_btf::dump_raw(&bpfc_btf::Btf::parse(blob).expect("right"))
}

#[test]
fn functions_variables_and_maps_are_found() {
    let user = r#"
        extern int counter, limits[4] SEC(".data.limits");
        extern const long step;
        int add(int a, int b);
        extern struct {
            __uint(type, BPF_MAP_TYPE_ARRAY);
            __uint(max_entries, 2);
            __type(key, int);
            __type(value, long);
        } totals SEC(".maps");
        static __noinline int scale(int x) { return x * 2; }
        SEC("xdp") int prog(struct xdp_md *ctx) {
            int key = 1;
            long *total = bpf_map_lookup_elem(&totals, &key);
            if (total) *total += step;
            counter += add(limits[2], scale(3));
            return counter + (total ? *total : 0);
        }
        char _license[] SEC("license") = "GPL";"#;
    let definer = r#"
        int before = 9, counter = 1000, limits[4] SEC(".data.limits") = {1, 2, 30, 4};
        const long step = 7;
        struct {
            __uint(type, BPF_MAP_TYPE_ARRAY);
            __uint(max_entries, 2);
            __type(key, int);
            __type(value, long);
        } totals SEC(".maps");
        static __noinline int scale(int x) { return x * 100; }
        __noinline int add(int a, int b) { return a + b + scale(1); }
        char LICENSE[] SEC("license") = "GPL";"#;
    for sources in [[user, definer], [definer, user]] {
        let object = linked(&sources);
        assert_eq!(run(&object, "prog"), 1000 + 30 + 6 + 100 + 7);
        assert_eq!(object.functions.iter().filter(|f| f.name == "scale").count(), 2);
        assert_eq!(object.maps.len(), 1);
        assert_eq!(object.externs.len(), 0);
        let types = types(&object);
        assert!(!types.contains("extern"), "{types}");
        assert_eq!(types.matches("INT 'int'").count(), 1, "{types}");
        assert_eq!(types.matches("] VAR 'counter'").count(), 1, "{types}");
        assert_eq!(types.matches("DATASEC").count(), 4, "{types}");
    }
    assert_eq!(link(&[user, definer]).0, link(&[user, definer]).0);
}

#[test]
fn sections_of_one_name_become_one() {
    let first = r#"
        char small = 3;
        static const char text[5] = "abcd";
        SEC("xdp") int first(struct xdp_md *ctx) { return small + text[1]; }
        SEC("tc") int classify(struct __sk_buff *skb) { return 0; }"#;
    let second = r#"
        long large __attribute__((aligned(32))) = 5;
        static const char text[5] = "xyz";
        SEC("xdp") int second(struct xdp_md *ctx) { return large + text[1]; }
        char _license[] SEC("license") = "GPL";"#;
    let object = linked(&[first, second]);
    assert_eq!(run(&object, "first"), 3 + u64::from(b'b'));
    assert_eq!(run(&object, "second"), 5 + u64::from(b'y'));
    let sections: Vec<_> = object.functions.iter().map(|f| f.section.as_str()).collect();
    assert_eq!(sections, ["xdp", "xdp", "tc"]);
    let data = &object.data[object.data_section(".data").expect("right")];
    assert_eq!((data.size_bytes, data.align), (40, 32));
    assert_eq!(object.license.as_deref(), Some("GPL"));
}

#[test]
fn weak_definitions_yield() {
    let weak = r#"
        int level __weak = 1;
        __weak __noinline int pick(int x) { return x + 1; }
        struct {
            __uint(type, BPF_MAP_TYPE_HASH);
            __uint(max_entries, 4);
            __type(key, int);
            __type(value, int);
        } table __weak SEC(".maps");
        SEC("xdp") int prog(struct xdp_md *ctx) {
            int key = 0;
            bpf_map_lookup_elem(&table, &key);
            return pick(level);
        }
        char _license[] SEC("license") = "GPL";"#;
    let strong = weak.replace("__weak", "").replace("prog", "other");
    let strong = strong.replace("= 1", "= 20").replace("x + 1", "x + 300");
    assert_eq!(run(&linked(&[weak]), "prog"), 2);
    for sources in [[weak, &strong], [&strong, weak]] {
        let object = linked(&sources);
        assert_eq!(run(&object, "prog"), 320);
        assert_eq!(run(&object, "other"), 320);
        assert_eq!(object.maps.len(), 1);
    }
    // Of two weak ones the first counts.
    let other = weak.replace("prog", "other").replace("= 1", "= 50");
    assert_eq!(run(&linked(&[weak, &other]), "other"), 2);
}

#[test]
fn hidden_functions_are_static_to_the_verifier() {
    let user = "int secret(int *x) __hidden; __weak __hidden __noinline int half(int *x) { return *x / 2; } SEC(\"xdp\") int prog(struct xdp_md *ctx) { int x = 4; return secret(&x); }";
    let definer = "__noinline int secret(int *x) { return *x + 1; } __noinline int half(int *x) { return *x >> 1; }";
    let object = linked(&[user, definer]);
    assert!(object.functions.iter().filter(|f| f.name == "half").all(|f| f.is_hidden));
    let secret = &object.functions[object.function("secret").expect("right")];
    assert!(secret.is_hidden);
    assert_eq!(run(&object, "prog"), 5);
}

#[test]
fn relocations_follow_what_moved() {
    let first = r#"
        struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, int); __type(value, int); } one SEC(".maps");
        SEC("tc") int zero(struct __sk_buff *skb) { return 0; }"#;
    let second = r#"
        struct event { int pid; long when; };
        struct inner { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, int); __type(value, int); } two SEC(".maps");
        struct {
            __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 2); __type(key, int);
            __array(values, struct inner);
        } outer SEC(".maps") = { .values = { [1] = &two } };
        static int callback(unsigned i, void *data) { *(int *)data += i; return 0; }
        SEC("xdp") int prog(struct xdp_md *ctx) {
            int sum = 5;
            bpf_loop(3, callback, &sum, 0);
            return sum;
        }
        char _license[] SEC("license") = "GPL";"#;
    let object = linked(&[first, second]);
    assert_eq!(run(&object, "prog"), 8);
    let outer = &object.maps[object.map("outer").expect("right")];
    assert_eq!(outer.values, [(1, bpfc_object::MapInit::Map(object.map("two").expect("right")))]);
}

#[test]
fn what_nobody_defines_stays_undefined() {
    let first = "extern int counter; int add(int); extern unsigned long CONFIG_HZ __kconfig; SEC(\"xdp\") int a(struct xdp_md *ctx) { return add(counter) + CONFIG_HZ; }";
    let second = "extern int counter __weak; extern unsigned long CONFIG_HZ __kconfig; SEC(\"xdp\") int b(struct xdp_md *ctx) { return counter + CONFIG_HZ; }";
    let (object, reports) = link(&[first, second]);
    let object = object.unwrap_or_else(|| panic!("{reports:?}"));
    let mut names: Vec<_> = object.externs.iter().map(|e| (e.name.as_str(), e.is_weak)).collect();
    names.sort_unstable();
    assert_eq!(names, [("CONFIG_HZ", false), ("add", false), ("counter", false)]);
    // A second step brings them.
    let third = compile("c.c", "int counter = 3; __noinline int add(int x) { return x * 2; }");
    let objects = [("ab.o".to_owned(), object), third];
    let whole = bpfc::join(&mut Session::default(), &objects).expect("right");
    assert_eq!(whole.undefined().count(), 0);
    assert_eq!(run(&whole, "a") - run(&whole, "b"), 3);
}

#[test]
fn contradictions_are_errors() {
    let int = "int x = 1;";
    fails(&[int, int], &["E0805: `x` is defined in `a.o` and in `b.o`"]);
    fails(
        &[int, "__noinline int x(void) { return 1; }"],
        &["E0805: `x` is defined in `a.o` and in `b.o`"],
    );
    let prog = |text: &str| format!("SEC(\"xdp\") int prog(struct xdp_md *ctx) {{ {text} }}");
    fails(
        &[int, &format!("extern long x; {}", prog("return x;"))],
        &["E0806: the variable `x` has another type in `a.o` than in `b.o`"],
    );
    fails(
        &[int, &format!("int x(void); {}", prog("return x();"))],
        &["E0806: `x` is a variable in `a.o` and a function in `b.o`"],
    );
    fails(
        &[int, &format!("extern int x SEC(\".data.y\"); {}", prog("return x;"))],
        &["E0806: `x` is in section `.data.y` in `b.o` and in `.data` in `a.o`"],
    );
    fails(
        &[
            "__noinline int f(int a) { return a; }",
            &format!("int f(long *a); {}", prog("return f(0);")),
        ],
        &["E0806: the function `f` has another type in `a.o` than in `b.o`"],
    );
    fails(
        &["int x[2] = {1};", &format!("extern int x[]; {}", prog("return x[70000];"))],
        &["E0806: `prog` in `b.o` cannot use `x` as it does"],
    );
    let map = |entries: u32, extern_: &str| {
        format!(
            "{extern_} struct {{ __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, {entries}); \
             __type(key, int); __type(value, int); }} m SEC(\".maps\");"
        )
    };
    let lookup = prog("int k = 0; return bpf_map_lookup_elem(&m, &k) != 0;");
    fails(
        &[&map(4, ""), &(map(5, "extern") + &lookup)],
        &["E0806: the map `m` has another number of entries in `a.o` than in `b.o`"],
    );
    let license = |text: &str| format!("char _license[] SEC(\"license\") = \"{text}\";");
    fails(
        &[&license("GPL"), &license("MIT")],
        &["E0806: the license is \"GPL\" in `a.o` and \"MIT\" in `b.o`"],
    );
}

/// Typedefs, qualifiers, lengths of arrays and what pointers lead to may differ.
#[test]
fn declarations_need_not_be_equal() {
    let definer = r#"
        struct point { int x, y; };
        typedef unsigned int word;
        word flags = 8;
        int table[6] = {1, 2, 3};
        __noinline long f(const struct point *p, word w) { return p ? p->x + w : w; }"#;
    let user = r#"
        struct point;
        extern unsigned int flags;
        extern int table[];
        long f(struct point *p, unsigned int w);
        SEC("xdp") int prog(struct xdp_md *ctx) { return f(0, flags) + table[2]; }"#;
    assert_eq!(run(&linked(&[user, definer]), "prog"), 11);
}

/// One object alone means the same afterwards.
#[test]
fn one_object_stays_what_it_is() {
    let source = r#"
        struct event { int pid; struct event *next; };
        struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, int); __type(value, struct event); } events SEC(".maps");
        static int hits[4] = {1, 2};
        const volatile int wanted = 2;
        SEC("xdp") int prog(struct xdp_md *ctx) { hits[1] += wanted; return hits[1]; }
        char _license[] SEC("license") = "GPL";"#;
    let (_, object) = compile("a.c", source);
    let file = bpfc_object::read(&bpfc_object::write(&object).expect("right")).expect("right");
    let once = bpfc::join(&mut Session::default(), &[("a.o".into(), file.clone())]).expect("right");
    let twice =
        bpfc::join(&mut Session::default(), &[("a.o".into(), once.clone())]).expect("right");
    assert_eq!(once, twice);
    assert_eq!((&once.data.len(), &once.license), (&file.data.len(), &file.license));
    for (one, other) in once.functions.iter().zip(&file.functions) {
        let insns = |f: &bpfc_object::Function| f.insns.iter().map(|i| i.insn).collect::<Vec<_>>();
        assert_eq!(insns(one), insns(other));
    }
    assert_eq!(run(&once, "prog"), 4);
}

/// Questions to the kernel's types, and source lines, stay with their instructions.
#[test]
fn what_hangs_on_instructions_stays_there() {
    let part = |name: &str, member: &str| {
        format!(
            "struct filler_{name} {{ long a; }};\n\
             struct {name} {{ int first, {member}; }} __attribute__((preserve_access_index));\n\
             SEC(\"xdp\") int prog_{name}(struct xdp_md *ctx) {{\n\
             return __builtin_preserve_field_info(((struct {name} *)0)->{member}, 0);\n}}"
        )
    };
    let object = linked(&[
        &part("one", "x"),
        &part("two", "y"),
        &part("one", "x").replace("prog_", "more_"),
    ]);
    for (function, name) in [("prog_one", "one"), ("prog_two", "two"), ("more_one", "one")] {
        let function = &object.functions[object.function(function).expect("it is there")];
        let cores = function.insns.iter().filter_map(|insn| insn.core.as_ref());
        let roots: Vec<_> = cores.map(|core| (object.btf.get(core.root), &*core.access)).collect();
        let [(Some(bpfc_btf::TypeDef::Struct { name: root, .. }), "0:1")] = roots[..] else {
            panic!("{roots:?}");
        };
        assert_eq!(root, name);
        let line = function.insns[0].line.as_ref().expect("a line");
        assert!(line.text.contains(&format!("struct {name} *")), "{line:?}");
    }
    assert_eq!(types(&object).matches("] STRUCT 'one'").count(), 1);
}
