//! The tests of bpf_conformance (<https://github.com/Alan-Jowett/bpf_conformance>): small programs for every
//! instruction of RFC 9669, with what they return. They go through our assembler, disassembler and both engines of the
//! virtual machine and, where it takes them, the kernel.
//!
//! The tests are not in the repository. `tests/corpus/bpf_conformance.txt` says what becomes of each.

#[cfg(test)]
mod tests;
mod translate;

use crate::blessed;
use bpfc::{Cpu, Object};
use bpfc_isa::{Endian, Insn, assemble, decode_program, disassemble, encode_program};
use bpfc_loader::{Kernel, LoadOptions, TestInput, load};
use bpfc_object::{Function, ObjInsn};
use bpfc_testkit::corpus::checkout;
use bpfc_vm::{Input, Vm};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use translate::translate;

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// Its name, where its repository is, and the commit that the list describes.
const NAME: &str = "bpf_conformance";
const URL: &str = "https://github.com/Alan-Jowett/bpf_conformance";
const COMMIT: &str = "f558566280d8e76c95a502cfd8014264d8668130";

/// The list.
const LIST: &str = "tests/corpus/bpf_conformance.txt";

/// What became of the tests.
#[derive(Default)]
pub struct Outcomes {
    /// For each test `passes` with the instruction set that it wants, or what is wrong.
    by_name: BTreeMap<String, String>,
    /// How many the kernel ran too.
    n_on_kernel: usize,
}

/// The task: compares with the list, or writes it.
pub fn run(arguments: &[String]) -> Result<()> {
    let root = bpfc_testkit::workspace_root().ok_or("not in the workspace")?;
    let outcomes = outcomes(&sources(&root)?)?;
    let n_tests = outcomes.by_name.len();
    let n_passed =
        outcomes.by_name.values().filter(|outcome| outcome.starts_with("passes")).count();
    println!("{n_passed} of {n_tests} pass, {} of them in the kernel too", outcomes.n_on_kernel);
    let text = list(&outcomes);
    blessed::settle(&root.join(LIST), &text, arguments)
}

/// The folder of the tests.
fn sources(root: &Path) -> Result<PathBuf, String> {
    Ok(checkout(NAME, URL, COMMIT, &root.join("target"))?.join("tests"))
}

/// The list in the repository.
fn list(outcomes: &Outcomes) -> String {
    let mut text = format!("# What becomes of the tests of {URL}\n# at {COMMIT}.\n");
    for (name, outcome) in &outcomes.by_name {
        text += &format!("{name} => {outcome}\n");
    }
    text
}

/// Tries all tests of a folder.
fn outcomes(folder: &Path) -> Result<Outcomes> {
    let mut outcomes = Outcomes::default();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "data") {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let test = Test::parse(&std::fs::read_to_string(&path)?)?;
            let outcome = match test.outcome() {
                Ok(passed) => {
                    outcomes.n_on_kernel += usize::from(passed.on_kernel);
                    format!("passes at {:?}", passed.cpu).to_lowercase()
                }
                Err(problem) => problem,
            };
            outcomes.by_name.insert(stem, outcome);
        }
    }
    Ok(outcomes)
}

/// A test, from its file.
#[derive(Debug, Default, PartialEq)]
struct Test {
    /// The program's text.
    asm: String,
    /// What it encodes to, where the file says so; one number a slot.
    raw: Vec<u64>,
    /// What `r1` points to; `r2` is its length.
    memory: Vec<u8>,
    /// What `r0` is at the end.
    result: u64,
}

/// A test that passed.
struct Passed {
    /// The first instruction set that has all its instructions.
    cpu: Cpu,
    /// Whether the kernel ran it too.
    on_kernel: bool,
}

impl Test {
    /// Reads a file: sections that begin with `-- name`.
    fn parse(text: &str) -> Result<Test> {
        let mut test = Test::default();
        let mut section = "";
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("--") {
                section = name.trim();
                continue;
            }
            let code = line.split('#').next().unwrap_or_default();
            for word in code.split_whitespace().filter(|_| section != "asm") {
                match section {
                    "mem" => test.memory.push(u8::from_str_radix(word, 16)?),
                    "raw" => test.raw.push(number(word)?),
                    "result" => test.result = number(word)?,
                    // A program in C, and what another machine cannot do.
                    _ => {}
                }
            }
            if section == "asm" {
                test.asm += line;
                test.asm += "\n";
            }
        }
        Ok(test)
    }

    /// Runs it everywhere.
    fn outcome(&self) -> Result<Passed, String> {
        let text = translate(&self.asm)?;
        let program = assembled(&text)?;
        let expected: Vec<u8> = self.raw.iter().flat_map(|slot| slot.to_le_bytes()).collect();
        if !expected.is_empty() && encode_program(&program, Endian::Little) != expected {
            return Err("its bytes differ".into());
        }
        round_trip(&program)?;
        let object = self.object(&text)?;
        self.run_in_vm(&object)?;
        Ok(Passed {
            cpu: program.iter().map(Insn::min_cpu).max().unwrap_or(Cpu::V1),
            on_kernel: self.run_in_kernel(&object)?,
        })
    }

    /// The program as a system call's, whose argument is the memory.
    fn object(&self, text: &str) -> Result<Object, String> {
        let insns = assembled(&format!("r2 = {}\n{text}", self.memory.len()))?;
        let mut object = Object { license: Some("GPL".into()), ..Object::default() };
        object.functions.push(Function {
            name: "test".into(),
            section: "syscall".into(),
            insns: insns.into_iter().map(ObjInsn::new).collect(),
            ..Function::default()
        });
        Ok(object)
    }

    /// What is wrong in the virtual machine: both engines must run it, and agree.
    fn run_in_vm(&self, object: &Object) -> Result<(), String> {
        let (program, _) = object.functions.iter_enumerated().next().ok_or("no program")?;
        let mut vm = Vm::new(object, bpfc_vm::Options::default()).map_err(|e| e.to_string())?;
        let input = Input { context: Some(self.memory.clone()), ..Input::default() };
        let outcome = vm.run(program, &input).map_err(|e| e.to_string())?;
        if let Some(problem) = outcome.unsupported {
            return Err(problem);
        }
        match outcome.ret == self.result {
            true => Ok(()),
            false => Err(format!("the result is {:#x}", outcome.ret)),
        }
    }

    /// Whether the kernel takes it; an error if the result is another one. It shows 32 bits.
    fn run_in_kernel(&self, object: &Object) -> Result<bool, String> {
        let Ok(loaded) = load(object, &Kernel::new(), &LoadOptions::default()) else {
            return Ok(false);
        };
        let Some(program) = loaded.programs.first() else { return Ok(false) };
        let input = TestInput { data: &[], ctx: &self.memory, repeat: 1 };
        match program.test_run(&input) {
            Ok(output) if output.retval != self.result as u32 => {
                Err(format!("the kernel's result is {:#x}", output.retval))
            }
            result => Ok(result.is_ok()),
        }
    }
}

fn number(word: &str) -> Result<u64> {
    Ok(match word.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16)?,
        None => word.parse()?,
    })
}

/// The instructions of a text in pseudo-C, or the first mistake.
fn assembled(text: &str) -> Result<Vec<Insn>, String> {
    let assembly = assemble(text, &()).map_err(|errors| errors[0].to_string())?;
    Ok(assembly.insns)
}

/// Bytes and text must give the same instructions.
fn round_trip(program: &[Insn]) -> Result<(), String> {
    for endian in [Endian::Little, Endian::Big] {
        let bytes = encode_program(program, endian);
        if decode_program(&bytes, endian).as_deref() != Ok(program) {
            return Err("its bytes do not decode to it".into());
        }
    }
    match assembled(&disassemble(program, &()))? == program {
        true => Ok(()),
        false => Err("its listing does not assemble to it".into()),
    }
}
