//! `tests/bcc-behaviours`: what BCC's compiler does for its users, behaviour by behaviour. The numbers are those of the methods of
//! its `tests/python/test_clang.py`, in order; what it refuses is in `tests/bcc/behaviours.c`.
//!
//! Every program is compiled with the types of the running kernel, verified in user space and loaded, as what its context says it is.

use crate::support::{compile, options};
use bpfc::{Cpu, Dialect, KernelVersion, Object, OptLevel, Options, Program};
use bpfc_kabi::ProgType;
use bpfc_loader::{Kernel, LoadOptions, ProgKind};
use bpfc_object::MapRole;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Files of `tests/bcc` with what is refused or warned of.
const REFUSED: [&str; 2] = ["behaviours.c", "printk.c"];

/// How many behaviours there are.
const N_BEHAVIOURS: u32 = 84;

fn files() -> Vec<(String, String)> {
    let root = bpfc_testkit::workspace_root().expect("tests run in the workspace");
    let folder = std::fs::read_dir(root.join("tests/bcc-behaviours")).expect("the folder is there");
    let mut paths: Vec<PathBuf> = folder.flatten().map(|entry| entry.path()).collect();
    paths.extend(REFUSED.iter().map(|name| root.join("tests/bcc").join(name)));
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("it is text");
        (path.file_name().expect("a file").to_string_lossy().into_owned(), text)
    };
    paths.into_iter().map(read).collect()
}

/// The numbers behind `BCC behaviour` in a line.
fn numbers(line: &str) -> Vec<u32> {
    let Some((_, rest)) = line.split_once("BCC behaviour") else { return Vec::new() };
    let rest = rest.trim_start_matches('s').trim_start();
    let end = rest.find(|c: char| !c.is_ascii_digit() && !" to".contains(c)).unwrap_or(rest.len());
    let ends: Vec<u32> = rest[..end].split("to").filter_map(|n| n.trim().parse().ok()).collect();
    match ends[..] {
        [low, high] => (low..=high).collect(),
        _ => ends,
    }
}

#[test]
fn every_behaviour_has_a_test() {
    let mut seen = BTreeSet::new();
    for (name, text) in files() {
        for number in text.lines().flat_map(numbers) {
            assert!(
                seen.insert(number),
                "behaviour {number} is there twice, the second time in {name}"
            );
        }
    }
    let missing: Vec<u32> = (1..=N_BEHAVIOURS).filter(|number| !seen.contains(number)).collect();
    assert!(missing.is_empty(), "no test has behaviours {missing:?}");
}

#[test]
fn programs_compile_and_load() {
    let kernel = Kernel::new();
    if kernel.btf().is_none() {
        bpfc_testkit::skipped("BCC's behaviours: the kernel has no BTF");
        return;
    }
    let mut wrong = String::new();
    for (name, text) in files() {
        if REFUSED.contains(&&*name) {
            continue;
        }
        for (cpu, opt_level) in [(Cpu::V3, OptLevel::O2), (Cpu::V1, OptLevel::O2)] {
            let options = Options {
                dialect: Some(Dialect::Bcc),
                defines: vec!["MYFLAG".to_owned()],
                n_cpus: Some(2),
                ..options(opt_level, cpu)
            };
            let compiled = compile(&name, text.as_bytes(), &options);
            let Some(object) = &compiled.object else {
                wrong += &format!("{name}: {}\n", compiled.messages());
                break;
            };
            let source = Program::source(text.clone()).name(name.clone()).options(options);
            if let Err(error) = source.compile().and_then(|compiled| compiled.check()) {
                wrong += &format!("{name}: {error}\n");
            }
            load_each(&name, object, &kernel, &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What is written as plain C is accepted as what it was written of is.
#[test]
fn conversions_compile_and_load() {
    let kernel = Kernel::new();
    if kernel.btf().is_none() {
        bpfc_testkit::skipped("converted programs: the kernel has no BTF");
        return;
    }
    let mut wrong = String::new();
    for (name, text) in files().into_iter().filter(|(name, _)| !REFUSED.contains(&&**name)) {
        let bcc = Options {
            dialect: Some(Dialect::Bcc),
            defines: vec!["MYFLAG".to_owned()],
            n_cpus: Some(2),
            ..Options::default()
        };
        let mut session = bpfc_base::Session::default();
        let file = bpfc::add_source(&mut session, &name, text.as_bytes()).expect("it is text");
        let mut host = crate::support::TestHost::default();
        let text = bpfc::emit(&mut session, file, &bcc, &mut host, bpfc::Emit::C);
        let text = text.unwrap_or_else(|| panic!("{name} has no form in C"));
        let plain = Options { dialect: Some(Dialect::C), ..Options::default() };
        let compiled = compile(&name, text.as_bytes(), &plain);
        match &compiled.object {
            Some(object) => load_each(&name, object, &kernel, &mut wrong),
            None => wrong += &format!("{name}: {}\n{text}", compiled.messages()),
        }
        let source = Program::source(text).name(name.clone()).options(plain);
        if let Err(error) = source.compile().and_then(|compiled| compiled.check()) {
            wrong += &format!("{name}: {error}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Loads each program by itself.
fn load_each(name: &str, object: &Object, kernel: &Kernel, wrong: &mut String) {
    if !nix::unistd::geteuid().is_root() || kernel.version() < KernelVersion::parse("6.4") {
        bpfc_testkit::skipped(format!("loading {name}: this needs root and Linux 6.4"));
        return;
    }
    let mut object = object.clone();
    object.maps.iter_mut().for_each(|map| map.role = MapRole::Own);
    for (id, function) in object.programs() {
        let kind = ProgKind::of(function).expect("a section that stands for a type");
        if kind.prog_type == ProgType::Lsm {
            continue; // Kernels without the LSM hook do not take them.
        }
        let options = LoadOptions { programs: Some(vec![id]), ..LoadOptions::default() };
        if let Err(error) = bpfc_loader::load(&object, kernel, &options) {
            *wrong += &format!("{name}: {}: {error}\n", function.name);
        }
    }
}

#[test]
fn the_smallest_program_is_two_instructions() {
    let options = Options { dialect: Some(Dialect::Bcc), ..options(OptLevel::O2, Cpu::V3) };
    let compiled = compile("smallest", b"int entry(void) { return 1; }", &options);
    let object = compiled.object.as_ref().expect("it compiles");
    let entry = object.function("entry").expect("it is there");
    let linked = bpfc_object::link(object, entry).expect("it links");
    let bytes = bpfc_isa::encode_program(&linked.plain_insns(), bpfc_isa::Endian::Little);
    assert_eq!(bytes, [0xb7, 0, 0, 0, 1, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn licenses_are_what_the_program_says() {
    let license = |define: &str| {
        let text = format!("{define}\nint f(struct pt_regs *ctx) {{ return 0; }}");
        let options = Options { dialect: Some(Dialect::Bcc), ..options(OptLevel::O2, Cpu::V3) };
        let compiled = compile("license", text.as_bytes(), &options);
        compiled.object.as_ref().and_then(|object| object.license.clone())
    };
    assert_eq!(license("").as_deref(), Some("GPL"));
    assert_eq!(license("#define BPF_LICENSE Dual BSD/GPL").as_deref(), Some("Dual BSD/GPL"));
    assert_eq!(license("#define BPF_LICENSE Proprietary").as_deref(), Some("Proprietary"));
    assert_eq!(license("#define BPF_LICENSE").as_deref(), Some(""));
}

#[test]
fn flags_of_tables_reach_the_object() {
    let text = "BPF_F_TABLE(\"lru_hash\", u32, u64, lru, 8, BPF_F_NO_COMMON_LRU);\
                BPF_LPM_TRIE(prefixes, u64);";
    let options = Options { dialect: Some(Dialect::Bcc), ..options(OptLevel::O2, Cpu::V3) };
    let compiled = compile("flags", text.as_bytes(), &options);
    let object = compiled.object.as_ref().expect("it compiles");
    assert_eq!(object.maps.iter().map(|map| map.map_flags).collect::<Vec<u32>>(), [2, 1]);
}

#[test]
fn the_version_is_that_of_the_kernel() {
    let options = Options { dialect: Some(Dialect::Bcc), ..Options::default() };
    let source = Program::source("BPF_ARRAY(version, char, LINUX_VERSION_CODE);").options(options);
    let compiled = source.compile().expect("it compiles");
    let maps = &compiled.object().maps;
    let found = maps.iter().next().map(|map| map.max_entries);
    assert_eq!(found, Some(Kernel::new().version_code()));
}
