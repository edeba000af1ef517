//! The C test suite (<https://c-testsuite.github.io>): programs for a host, of which those that
//! BPF can express must print and return what they should, in the virtual machine at both levels and,
//! where it takes them, in the kernel.
//!
//! The programs are not in the repository. `tests/corpus/c-testsuite.txt` says what becomes of each.

#[cfg(test)]
mod tests;

use crate::blessed;
use bpfc::{Cpu, FileProvider, Host, IncludeRequest, LoadedFile, Object, OptLevel, Options};
use bpfc_base::{Session, Severity};
use bpfc_loader::{Kernel, LoadOptions, TestInput, load};
use bpfc_testkit::corpus::checkout;
use bpfc_vm::{Effect, Input, Vm};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// Where its repository is, and the commit that the list describes.
const URL: &str = "https://github.com/c-testsuite/c-testsuite";
const COMMIT: &str = "5c7275656d751de0e68b2d340a95b5681858ed07";

/// What the tests' headers are here.
const RUNTIME: &str = include_str!("runtime.h");

/// The list.
const LIST: &str = "tests/corpus/c-testsuite.txt";

/// Frames are larger than a kernel's: without optimisation all variables are on the stack.
const FRAME_BYTES: u32 = 16 << 10;

/// A test that runs and gives what it should.
const PASSES: &str = "passes";

/// What becomes of each test.
pub type Outcomes = BTreeMap<String, String>;

/// The task: compares with the list, or writes it.
pub fn run(arguments: &[String]) -> Result<()> {
    let root = bpfc_testkit::workspace_root().ok_or("not in the workspace")?;
    let outcomes = outcomes(&sources(&root)?)?;
    let text = list(&outcomes);
    blessed::settle(&root.join(LIST), &text, arguments)
}

/// The folder of the tests.
fn sources(root: &Path) -> Result<PathBuf, String> {
    let path = checkout("c-testsuite", URL, COMMIT, &root.join("target"))?;
    Ok(path.join("tests/single-exec"))
}

/// Tries all tests of a folder.
fn outcomes(folder: &Path) -> Result<Outcomes> {
    let mut outcomes = Outcomes::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "c") {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            outcomes.insert(stem, outcome(&path)?);
        }
    }
    Ok(outcomes)
}

/// The list in the repository.
fn list(outcomes: &Outcomes) -> String {
    let mut text = format!("# What becomes of the tests of {URL}\n# at {COMMIT}.\n");
    for (name, outcome) in outcomes {
        text += &format!("{name} => {outcome}\n");
    }
    text
}

/// What becomes of one test.
fn outcome(path: &Path) -> Result<String> {
    let test = std::fs::read_to_string(path)?;
    let expected = std::fs::read_to_string(path.with_extension("c.expected")).unwrap_or_default();
    if let Some(reason) = beyond(&test) {
        return Ok(reason.into());
    }
    // A line of its own, so that the first line of the test keeps its number.
    let text = format!("{RUNTIME}\n#line 1 \"test.c\"\n{}", adapted(&test));
    for level in [OptLevel::O0, OptLevel::O2] {
        let object = match compile(&text, level, FRAME_BYTES) {
            Ok(object) => object,
            Err(reason) => return Ok(reason),
        };
        if let Err(problem) = run_in_vm(&object, &expected) {
            return Ok(format!("{level:?}: {problem}"));
        }
    }
    let on_kernel = compile(&text, OptLevel::O2, 512).ok().and_then(|o| run_in_kernel(&o));
    Ok(match on_kernel {
        Some(result) if result != 0 => format!("the kernel's result is {result}"),
        _ => PASSES.into(),
    })
}

/// A test without its own declarations of `printf`, which is a macro here, and with the value that
/// a `main` at the end returns where it says nothing (C11 5.1.2.2.3).
fn adapted(test: &str) -> String {
    let is_declaration =
        |line: &&str| line.contains("int printf") && line.trim_end().ends_with(");");
    let lines = test.lines().map(|line| if is_declaration(&line) { "" } else { line });
    let text: Vec<&str> = lines.collect();
    let text = text.join("\n");
    match text.trim_end().strip_suffix('}') {
        Some(body) if body.rfind("main").is_some_and(|main| !body[main..].contains("\n}")) => {
            format!("{body}return 0; }}\n")
        }
        _ => text,
    }
}

/// What a test wants of the C library that BPF has nothing for.
fn beyond(test: &str) -> Option<&'static str> {
    let words: Vec<&str> = test.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let has = |names: &[&str]| names.iter().any(|name| words.contains(name));
    if has(&["float", "double"]) {
        return Some("wants floating point");
    }
    if has(&["va_list", "va_start"]) {
        return Some("wants variable arguments");
    }
    if has(&["malloc", "calloc", "free"]) {
        return Some("wants memory from the heap");
    }
    let others = ["fopen", "fgets", "fprintf", "sprintf", "getc", "atoi", "argv"];
    has(&others).then_some("wants more of the C library than `printf`")
}

/// The one header that there is.
struct Headers;

impl FileProvider for Headers {
    fn load(&mut self, request: &IncludeRequest<'_>) -> Option<LoadedFile> {
        self.exists(request).then(|| LoadedFile {
            name: request.name.to_owned().into(),
            text: "".into(),
            is_user: false,
            directory: 0,
        })
    }

    fn exists(&mut self, request: &IncludeRequest<'_>) -> bool {
        ["stdio.h", "stdlib.h", "string.h", "wchar.h"].contains(&request.name)
    }
}

impl Host for Headers {
    fn kernel_btf(&mut self) -> Option<std::sync::Arc<bpfc::Btf>> {
        None
    }
}

/// The object, or the first error.
fn compile(text: &str, opt_level: OptLevel, frame_bytes: u32) -> Result<Object, String> {
    let options = Options { opt_level, cpu: Cpu::V3, frame_bytes, ..Options::default() };
    let mut session = Session::default();
    let file = bpfc::add_source(&mut session, "test.c", text.as_bytes());
    let object = file.and_then(|f| bpfc::compile(&mut session, f, &options, &mut Headers));
    object.ok_or_else(|| {
        let mut errors = session.diagnostics.iter().filter(|d| d.severity == Severity::Error);
        let first = errors.next().expect("no object without an error");
        format!("{}: {}", first.code.name(), first.message)
    })
}

/// Runs the program; what differs from what it should give.
fn run_in_vm(object: &Object, expected: &str) -> Result<(), String> {
    let (program, _) = object.programs().next().ok_or("no program")?;
    let options = bpfc_vm::Options { frame_bytes: FRAME_BYTES, ..bpfc_vm::Options::default() };
    let mut vm = Vm::new(object, options).map_err(|e| e.to_string())?;
    let outcome = vm.run(program, &Input::default()).map_err(|e| e.to_string())?;
    if outcome.ret as u32 != 0 {
        return Err(format!("the result is {}", outcome.ret as i32));
    }
    // The helper ends every message with a new line, the tests write theirs.
    let mut printed = String::new();
    for effect in outcome.effects {
        if let Effect::Printk(line) = effect {
            printed += &line;
        }
    }
    let bare = |text: &str| text.replace('\n', "");
    match bare(&printed) == bare(expected) {
        true => Ok(()),
        false => Err("it prints something else".into()),
    }
}

/// The program's result in the kernel, where that takes it.
fn run_in_kernel(object: &Object) -> Option<u32> {
    let loaded = load(object, &Kernel::new(), &LoadOptions::default()).ok()?;
    let program = loaded.programs.first()?;
    let input = TestInput { data: &[0; 64], ctx: &[], repeat: 1 };
    program.test_run(&input).ok().map(|output| output.retval)
}
