//! What an embedder learns of programs and tables, and decides when they are compiled already.

use bpfc::loader::{Kernel, LoadOptions};
use bpfc::{Dialect, Options, Program, Stage};
use bpfc_kabi::MapType;
use bpfc_object::MapRole;
use std::sync::Arc;

/// A program that fills a public table, and one that reads it.
const WRITER: &str = r#"
BPF_TABLE_PUBLIC("lru_hash", u32, u64, counts, 64);
int count(void *ctx)
{
    u32 key = 3;
    counts.atomic_increment(key);
    return 0;
}
"#;
const READER: &str = r#"
BPF_TABLE("extern", u32, u64, counts, 64);
int show(void *ctx)
{
    u32 key = 3;
    u64 *n = counts.lookup(&key);
    return n ? *n : 0;
}
"#;

fn options(tables: Vec<(String, String)>) -> Options {
    Options { dialect: Some(Dialect::Bcc), tables, ..Options::default() }
}

fn compiled(source: &str, options: Options) -> bpfc::Compiled {
    Program::source(source).options(options).compile().expect("it compiles")
}

#[test]
fn tables_say_how_they_are_shared() {
    let source = r#"
BPF_TABLE_PUBLIC("array", int, u64, public, 4);
BPF_TABLE_SHARED("hash", int, u64, shared, 4);
BPF_QUEUESTACK_PUBLIC("queue", letters, u64, 4, 0);
BPF_TABLE("extern", int, u64, foreign, 4);
BPF_TABLE("extern", int, u64, cells, 4);
BPF_HASH(own);
"#;
    let compiled = compiled(source, options(vec![("cells".into(), "percpu_array".into())]));
    let elf = compiled.to_elf().expect("it is written");
    let read = Program::from_object("tables.o", &elf).expect("it is read");
    for object in [compiled.object(), read.object()] {
        let found = |name: &str| {
            let map = &object.maps[object.map(name).expect("the table is there")];
            (map.role, map.kind())
        };
        assert_eq!(found("public"), (MapRole::Public, Some(MapType::Array)));
        assert_eq!(found("shared"), (MapRole::Shared, Some(MapType::Hash)));
        assert_eq!(found("letters"), (MapRole::Public, Some(MapType::Queue)));
        assert_eq!(found("foreign"), (MapRole::Extern, Some(MapType::Hash)));
        assert_eq!(found("cells"), (MapRole::Extern, Some(MapType::PercpuArray)));
        assert_eq!(found("own"), (MapRole::Own, Some(MapType::Hash)));
    }
}

#[test]
fn the_table_of_another_program_is_given() {
    let reader = compiled(READER, options(vec![("counts".into(), "lru_hash".into())]));
    if !nix::unistd::geteuid().is_root() {
        bpfc_testkit::skipped("loading programs that share a table: this needs root");
        return;
    }
    let kernel = Kernel::new();
    let missing = bpfc_loader::load(reader.object(), &kernel, &LoadOptions::default());
    let error = missing.expect_err("nobody gave the table").to_string();
    assert!(error.contains("was not given"), "{error}");

    let mut writer = compiled(WRITER, options(Vec::new()));
    writer.set_section("count", "socket").expect("a type of programs");
    let loaded = writer.check().and_then(|checked| checked.load()).expect("it loads");
    let input = bpfc_loader::TestInput { data: &[0; 64], ..Default::default() };
    loaded.test_run("count", &input).expect("it runs");
    loaded.test_run("count", &input).expect("it runs");

    let mut reader = reader;
    reader.set_section("show", "tc").expect("a type of programs");
    let id = reader.object().map("counts").expect("the table is there");
    let given = loaded.map("counts").expect("the table is there");
    let given = given.raw().try_clone().expect("a descriptor more");
    let options = LoadOptions { maps: vec![(id, Arc::new(given))], ..LoadOptions::default() };
    let second = reader.check().and_then(|checked| checked.load_with(options)).expect("it loads");
    assert_eq!(second.test_run("show", &input).expect("it runs").retval, 2);
}

#[test]
fn functions_get_their_type_later() {
    let source = "int f(void *ctx) { return 0; }";
    for section in
        ["kprobe/vfs_read", "kretprobe", "socket", "tc", "xdp", "tracepoint/a/b", "perf_event"]
    {
        let mut program = compiled(source, options(Vec::new()));
        program.set_section("f", section).expect("a type of programs");
        assert_eq!(program.object().functions.iter().next().expect("one").section, section);
        program.check().expect("the verifier takes it");
    }
    let mut program = compiled(source, options(Vec::new()));
    let error = program.set_section("f", "sokcet").expect_err("no type");
    assert_eq!(error.stage(), Stage::Configure);
    assert!(error.to_string().contains("`socket`"), "{error}");
    assert!(program.set_section("g", "socket").is_err());
}
