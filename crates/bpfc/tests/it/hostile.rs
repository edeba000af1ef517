//! Input that is no program: always a diagnostic, soon, never a panic.

use crate::support::{Compiled, compile};
use bpfc::Options;
use std::time::{Duration, Instant};

/// More than any of these may take, on a slow machine and without optimisation.
const LONG: Duration = Duration::from_secs(60);

fn reject(name: &str, bytes: &[u8], codes: &[&str]) -> Compiled {
    let began = Instant::now();
    let compiled = compile(name, bytes, &Options::default());
    let elapsed = began.elapsed();
    assert!(elapsed < LONG, "{name} took {elapsed:?}");
    assert!(compiled.has_errors(), "{name} has no errors");
    assert!(compiled.object.is_none(), "{name} has an object");
    let messages = compiled.messages();
    let is_expected = codes.iter().any(|code| messages.contains(code));
    assert!(is_expected, "{name}: {messages}");
    compiled
}

#[test]
fn an_empty_file() {
    for text in [&b""[..], b"\n\n  \t\n", b"// only a comment"] {
        let compiled = compile("empty.c", text, &Options::default());
        assert!(!compiled.has_errors());
        assert_eq!(compiled.object.expect("an object").programs().count(), 0);
    }
}

#[test]
fn binary_files() {
    reject("elf.c", b"\x7fELF\x02\x01\x01\0\0\0\0", &["E0113"]);
    let noise: Vec<u8> =
        (0..100_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    reject("noise.c", &noise, &["E0113"]);
    reject("zeros.c", &[0; 4096], &["E0113"]);
}

#[test]
fn ten_megabytes() {
    let line = b"static int f(int x) { return x + 1; }\n";
    let same = line.repeat((1 << 20) / line.len());
    let compiled = reject("same.c", &same, &["E0308", "E0411"]);
    assert!(compiled.session.diagnostics.iter().count() < 10_000);
    let garbage = b"}{ )( ; + ++ \"x\" 1.2.3 ".repeat(100_000);
    let compiled = reject("garbage.c", &garbage, &["E0201", "E0204"]);
    assert!(compiled.session.diagnostics.iter().count() < 10_000);
    let comment = format!("/*{}*/ int x = y;\n", "blah blah\n".repeat(1 << 20));
    reject("comment.c", comment.as_bytes(), &["E0301"]);
    reject("one-line.c", &b"a ".repeat(1 << 20), &["E0201", "E0315"]);
}

#[test]
fn includes() {
    reject("missing.c", b"#include \"nowhere.h\"\n", &["E0104"]);
    let folder = crate::support::scratch("include-cycle");
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write("a.h", "#include \"b.h\"\n");
    write("b.h", "#include \"a.h\"\n");
    let main = folder.join("main.c");
    let compiled = reject(&main.to_string_lossy(), b"#include \"a.h\"\n", &["E0105"]);
    let n_depth = compiled.messages().matches("E0105").count();
    assert_eq!(n_depth, 1, "{}", compiled.messages());
}

#[test]
fn deep_nesting() {
    let deep = 100_000;
    let nest = |open: &str, close: &str| {
        let (open, close) = (open.repeat(deep), close.repeat(deep));
        format!("int x = {open}1{close};\n").into_bytes()
    };
    for (open, close) in [("(", ")"), ("-", ""), ("{", "}"), ("1?", ":1"), ("a[", "]")] {
        reject("deep.c", &nest(open, close), &["E0202"]);
    }
    let unclosed = format!("int x = {}", "(".repeat(deep));
    reject("unclosed.c", unclosed.as_bytes(), &["E02"]);
    let blocks = format!("int f(void) {{{}{}}}\n", "{".repeat(deep), "}".repeat(deep));
    reject("blocks.c", blocks.as_bytes(), &["E0202"]);
    let ifs = format!("#if 1\n{}", "#if 1\n".repeat(deep));
    reject("conditionals.c", ifs.as_bytes(), &["E0114", "E0107"]);
}

#[test]
fn macros_that_explode() {
    let mut text = String::from("#define A0 x x x x x x x x x x\n");
    for level in 1..12 {
        let previous = format!("A{} ", level - 1).repeat(10);
        text.push_str(&format!("#define A{level} {previous}\n"));
    }
    text.push_str("int y = A11;\n");
    reject("explosion.c", text.as_bytes(), &["E0114"]);
}

#[test]
fn text_that_ends_too_early() {
    reject("comment.c", b"int x; /* no end", &["E0101"]);
    reject("string.c", b"char *s = \"no end", &["E0103"]);
    reject("brace.c", b"int f(void) { return 1;", &["E0204", "E0201"]);
    let program = std::fs::read(example("xdp_count.c")).unwrap();
    for end in (0..program.len()).step_by(61) {
        let compiled = compile("cut.c", &program[..end], &Options::default());
        assert!(compiled.object.is_none() || !compiled.has_errors());
    }
}

#[test]
fn invalid_utf_8() {
    reject("bytes.c", b"int x; // \xff\xfe\n", &["E0113"]);
    reject("string.c", b"char *s = \"\xc3\";\n", &["E0113"]);
}

fn example(name: &str) -> std::path::PathBuf {
    let root = bpfc_testkit::workspace_root().expect("tests run in the workspace");
    root.join("examples").join(name)
}

#[test]
fn damaged_objects() {
    let source = std::fs::read(example("xdp_count.c")).unwrap();
    let mut compiled = compile("xdp_count.c", &source, &Options::default());
    let object = compiled.object.as_ref().expect("the example compiles");
    let bytes = bpfc::write_object(&mut compiled.session, object).expect("it can be written");
    assert!(bpfc::read_object("whole.o", &bytes).is_ok());
    for end in (0..bytes.len()).step_by(97) {
        if let Err(diagnostic) = bpfc::read_object("cut.o", &bytes[..end]) {
            assert!(diagnostic.code.name().starts_with("E08") || diagnostic.code.name() == "E0601");
        }
    }
    for at in (0..bytes.len()).step_by(53) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x5a;
        let _ = bpfc::read_object("damaged.o", &damaged);
    }
    assert!(bpfc::read_object("text.o", b"int x;\n").is_err());
    assert!(bpfc::read_object("empty.o", b"").is_err());
}

#[test]
fn garbage_btf() {
    for bytes in [&b""[..], b"BTF", &[0x9f, 0xeb, 1, 0], &[0x9f; 4096]] {
        assert!(bpfc::parse_btf(bytes.to_vec()).is_err());
    }
}
