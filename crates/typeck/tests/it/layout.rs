//! Layout and constant initialisers, compared with a C compiler's: random structs, each
//! with all members set to patterns, must have the same bytes.

#![allow(clippy::unwrap_used, reason = "a test")]

use crate::front;
use bpfc_typeck::hir::GlobalInit;
use std::fmt::Write;
use std::process::Command;

/// A small generator of random numbers: the same structs in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len() as u64) as usize]
    }
}

const TYPES: &[(&str, u64)] = &[
    ("char", 8),
    ("unsigned char", 8),
    ("short", 16),
    ("unsigned short", 16),
    ("int", 32),
    ("unsigned int", 32),
    ("long", 64),
    ("unsigned long long", 64),
    ("_Bool", 1),
    ("enum color", 32),
    ("enum small", 8),
    ("aligned_int", 32),
    ("packed_long", 64),
];

/// A struct's members and an initialiser for them.
fn record(random: &mut Random, depth: u64) -> (String, String) {
    let (mut members, mut init) = (String::new(), String::new());
    let is_union = random.below(6) == 0;
    let n_members = 1 + random.below(7);
    for idx in 0..n_members {
        let attribute = random.pick(&[
            "",
            "",
            "",
            "",
            "__attribute__((packed))",
            "__attribute__((aligned(8)))",
            "__attribute__((aligned(2)))",
        ]);
        let value = random.below(120) as i64 + 1;
        let (ty, bits) = TYPES[random.below(TYPES.len() as u64) as usize];
        match random.below(8) {
            0..3 => {
                let width = 1 + random.below(bits);
                let value = if width >= 8 { value } else { 1 };
                let _ = writeln!(members, "{ty} m{idx} : {width} {attribute};");
                if !is_union || idx == 0 {
                    let _ = write!(init, ".m{idx} = {value}, ");
                }
            }
            3 if depth == 0 && random.below(2) == 0 => {
                let _ = writeln!(members, "{ty} : 0;");
            }
            4 if depth < 2 && random.below(3) == 0 => {
                let (inner, _) = record(random, depth + 1);
                // Names of an anonymous member are those of the record around it.
                let inner = inner.replace(" m", &format!(" m{idx}_"));
                let _ = writeln!(members, "{inner};");
            }
            4 if depth < 2 => {
                let (inner, inner_init) = record(random, depth + 1);
                let _ = writeln!(members, "{inner} m{idx} {attribute};");
                if !is_union || idx == 0 {
                    let _ = write!(init, ".m{idx} = {inner_init}, ");
                }
            }
            5 if random.below(4) == 0 => {
                let align = 16 << random.below(3);
                let _ = writeln!(members, "_Alignas({align}) unsigned __int128 m{idx}[2];");
            }
            5 => {
                let len = 1 + random.below(4);
                // An array's elements are as far apart as they are large.
                let ty = if ty == "aligned_int" { "int" } else { ty };
                let _ = writeln!(members, "{ty} m{idx}[{len}] {attribute};");
                if !is_union || idx == 0 {
                    let _ = write!(init, ".m{idx} = {{ {value} }}, ");
                }
            }
            _ => {
                let _ = writeln!(members, "{ty} m{idx} {attribute};");
                if !is_union || idx == 0 {
                    let _ = write!(init, ".m{idx} = {value}, ");
                }
            }
        }
    }
    let keyword = if is_union { "union" } else { "struct" };
    let attribute =
        random.pick(&["", "", "", "__attribute__((packed))", "__attribute__((aligned(16)))"]);
    (format!("{keyword} {{\n{members}}} {attribute}"), format!("{{ {init}}}"))
}

/// The program: each record in a variable of its own, in a section of its own.
fn program(seed: u64, n_records: u64) -> String {
    let mut random = Random(seed);
    let mut text = String::from(
        "enum color { RED, GREEN, BLUE = 300 };\n\
         enum __attribute__((packed)) small { ONE = 1, MANY = 200 };\n\
         typedef int aligned_int __attribute__((aligned(16)));\n\
         typedef unsigned long packed_long __attribute__((aligned(2)));\n",
    );
    for idx in 0..n_records {
        let (ty, init) = record(&mut random, 0);
        let pack = [0, 0, 0, 1, 2, 4][random.below(6) as usize];
        if pack != 0 {
            let _ = writeln!(text, "#pragma pack({pack})");
        }
        let _ = writeln!(text, "typedef {ty} t{idx};");
        if pack != 0 {
            let _ = writeln!(text, "#pragma pack()");
        }
        let _ = writeln!(
            text,
            "struct w{idx} {{ unsigned long size, align; t{idx} it; char tail; }} v{idx} \
             __attribute__((section(\"s{idx}\"))) = {{ sizeof(t{idx}), _Alignof(t{idx}), {init}, 77 }};"
        );
    }
    text
}

/// Sections of a 64-bit little-endian ELF file: name and content.
fn sections(elf: &[u8]) -> Vec<(String, &[u8])> {
    let word = |at: usize| u64::from_le_bytes(elf[at..at + 8].try_into().unwrap()) as usize;
    let half = |at: usize| u32::from_le_bytes(elf[at..at + 4].try_into().unwrap()) as usize;
    let short = |at: usize| u16::from_le_bytes(elf[at..at + 2].try_into().unwrap()) as usize;
    let (table, n_sections, names) = (word(0x28), short(0x3c), short(0x3e));
    let header = |idx: usize| table + idx * 64;
    let names = word(header(names) + 0x18);
    let name = |at: usize| {
        let bytes = &elf[names + at..];
        let end = bytes.iter().position(|&byte| byte == 0).unwrap();
        String::from_utf8_lossy(&bytes[..end]).into_owned()
    };
    (0..n_sections)
        .map(header)
        .filter(|&at| half(at + 4) == 1)
        .map(|at| (name(half(at)), &elf[word(at + 0x18)..][..word(at + 0x20)]))
        .collect()
}

fn compile(text: &str, compiler: &str, flags: &[&str]) -> Option<Vec<u8>> {
    let dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("layout-{compiler}"));
    std::fs::create_dir_all(&dir).unwrap();
    let (source, object) = (dir.join("layout.c"), dir.join("layout.o"));
    std::fs::write(&source, text).unwrap();
    let status = Command::new(compiler)
        .args(flags)
        .args(["-w", "-c", "-o"])
        .args([&object, &source])
        .status();
    match status {
        Ok(status) if status.success() => Some(std::fs::read(object).unwrap()),
        Ok(status) => panic!("{compiler} failed: {status}"),
        Err(_) => {
            bpfc_testkit::skipped(format!("{compiler} is not installed"));
            None
        }
    }
}

/// `BPFC_SEED` tries other structs than the ones of every run.
#[test]
fn agrees_with_clang() {
    let seed = std::env::var("BPFC_SEED").ok().and_then(|seed| seed.parse().ok());
    let text = program(seed.unwrap_or(0x9e37_79b9_7f4a_7c15), 400);
    let Some(object) = compile(&text, "clang-19", &["-target", "bpf"]) else {
        return;
    };
    let theirs = sections(&object);
    let ours = front::check(&text);
    let errors: Vec<String> =
        ours.messages().into_iter().filter(|message| message.starts_with('E')).collect();
    assert_eq!(errors, Vec::<String>::new());
    let mut n_compared = 0;
    for global in ours.module.globals.iter() {
        let section = ours.session.name(global.section.expect("each has its section"));
        let GlobalInit::Data { bytes, .. } = &global.init else { panic!("{section} is not zero") };
        let (_, expected) = theirs.iter().find(|(name, _)| name == section).unwrap();
        if bytes != expected {
            let at = text.find(&format!("struct w{}", &section[1..])).unwrap();
            let start = text[..at].rfind("typedef").unwrap();
            panic!("{}\nours   {bytes:?}\ntheirs {expected:?}", &text[start..at]);
        }
        n_compared += 1;
    }
    assert_eq!(n_compared, 400);
}
