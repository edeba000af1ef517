//! Big-endian objects: on a big-endian machine they do what those do that clang makes for `bpfeb`,
//! their data is the same, and LLVM's tools read them.

use crate::compilers::clang_object;
use crate::run::suite;
use crate::support::{compile_good, options, scratch};
use bpfc::{Cpu, Endian, Object, OptLevel, Options};
use bpfc_tester::Machine;
use bpfc_testkit::Failure;
use bpfc_vm::EngineChoice;
use std::process::Command;

fn big(opt_level: OptLevel, cpu: Cpu) -> Options {
    Options { endian: Endian::Big, ..options(opt_level, cpu) }
}

/// The object after it was written and read again.
fn reread(object: &Object) -> Result<Object, Failure> {
    let bytes = bpfc_object::write(object).map_err(|e| e.to_string())?;
    bpfc_object::read(&bytes).map_err(|e| e.to_string().into())
}

/// Files say what they expect of little-endian machines. What differs from that must be the same
/// in clang's objects and ours.
#[test]
fn programs_mean_what_clang_means() {
    let report = suite().run(|test| {
        let steps = test.steps();
        if test.setting("unsupported").is_some() {
            return Ok(());
        }
        if test.setting("endian") == Some("little") {
            return Ok(());
        }
        if test.setting("clang").is_some_and(|flags| flags.starts_with("none")) {
            return Ok(());
        }
        let mut flags: Vec<&str> =
            test.setting("clang").into_iter().flat_map(str::split_whitespace).collect();
        flags.extend(["-target", "bpfeb"]);
        let theirs = match clang_object(test.path(), &flags) {
            Err(Failure::Failed(_)) => return Err(Failure::Skipped("clang takes it not".into())),
            theirs => theirs?,
        };
        assert_eq!(theirs.endian, Endian::Big, "what clang was asked");
        let mut machine = Machine::new(&theirs, EngineChoice::Reference)?;
        let expected = bpfc_tester::play(&theirs, &steps, &mut machine);
        for (variant, opt_level) in [("-O2", OptLevel::O2), ("-O0", OptLevel::O0)] {
            let object = reread(&compile_good(test, &big(opt_level, Cpu::V3))?)?;
            let mut machine = Machine::new(&object, EngineChoice::Both)?;
            let found = bpfc_tester::play(&object, &steps, &mut machine);
            // Clang takes bit-fields of packet headers from headers for x86.
            if found != expected && !found.is_empty() {
                test.fail(format!("{variant}: {found:?}\nbut clang's: {expected:?}"));
            }
        }
        Ok(())
    });
    report.finish();
}

/// Objects with content of all kinds, in both compilers' data sections.
const DATA: &str = r#"
struct bits { unsigned a : 3, b : 7, : 4, c : 18; long long d : 40, e : 24; char f; };
struct __attribute__((packed)) tight { char x; int y; long long z : 50; unsigned short w : 9; };
union both { int n; char bytes[4]; };
int number = 0x12345678;
short shorts[3] = { 1, -2, 0x1234 };
struct bits bits = { 5, 100, 0x2abcd, -7, 0xabcdef, 'f' };
struct tight tight = { 1, 0x01020304, 0x123456789abcdLL, 0x155 };
union both both = { .n = 0x0a0b0c0d };
const unsigned long long wide = 0x0102030405060708ull;
const int wide_text[] = L"ab";
__int128 very = ((__int128)0x1122334455667788 << 64) | 0x99aabbccddeeff00;
_Bool yes = 1;
int *pointer = &number;
"#;

#[test]
fn data_is_that_of_clang() {
    let folder = scratch("endian");
    let source = folder.join("data.c");
    std::fs::write(&source, DATA).expect("the folder of the build is writable");
    let ours = crate::support::compile("data.c", DATA.as_bytes(), &big(OptLevel::O2, Cpu::V3));
    let messages = ours.messages();
    let ours = ours.object.unwrap_or_else(|| panic!("{messages}"));
    let theirs = match clang_object(&source, &["-target", "bpfeb"]) {
        Ok(object) => object,
        Err(Failure::Skipped(why)) => {
            bpfc_testkit::skipped(why);
            return;
        }
        Err(_) => panic!("clang does not compile the data"),
    };
    for name in ["number", "shorts", "bits", "tight", "both", "wide", "wide_text", "very", "yes"] {
        let [ours, theirs] = [&ours, &theirs].map(|object| bytes_of(object, name));
        assert_eq!(ours, theirs, "`{name}`: ours, clang's");
        assert!(ours.is_some(), "`{name}` is there");
    }
}

fn bytes_of(object: &Object, name: &str) -> Option<Vec<u8>> {
    object.data.iter().find_map(|section| {
        let variable = section.variables.iter().find(|variable| variable.name == name)?;
        let start = variable.offset as usize;
        section.bytes.get(start..start + variable.size_bytes as usize).map(<[u8]>::to_vec)
    })
}

/// LLVM's tools read what we write: the same instructions as in the little-endian object.
#[test]
fn llvm_reads_the_object() {
    let text = "int f(void *ctx) __attribute__((section(\"xdp\")));
        int f(void *ctx) { return *(unsigned *)ctx == 0x12345678 ? 2 : 1; }
        char _license[] __attribute__((section(\"license\"))) = \"GPL\";";
    let folder = scratch("endian");
    let listing = |options: &Options, name: &str| -> Option<String> {
        let compiled = crate::support::compile("f.c", text.as_bytes(), options);
        let object = compiled.object.expect("a good program");
        let path = folder.join(name);
        std::fs::write(&path, bpfc_object::write(&object).expect("it fits ELF")).expect("writable");
        let mut objdump = Command::new("llvm-objdump-19");
        objdump.arg("-d").arg("--no-show-raw-insn").arg(&path);
        let output = objdump.output().ok()?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Some(text.lines().skip_while(|line| !line.starts_with('0')).collect::<Vec<_>>().join("\n"))
    };
    let little = listing(&options(OptLevel::O2, Cpu::V3), "little.o");
    let large = listing(&big(OptLevel::O2, Cpu::V3), "big.o");
    let (Some(little), Some(large)) = (little, large) else {
        bpfc_testkit::skipped("llvm-objdump-19 is not installed");
        return;
    };
    assert!(little.contains("exit"), "{little}");
    assert_eq!(little, large);
}
