//! Compilers, each a function from the text of a program to what can run.

use bpfc::{Cpu, FileProvider, Host, IncludeRequest, LoadedFile, Object, OptLevel, Options};
use bpfc_base::{Session, Severity};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, Output};

/// Bytes that stack frames may take where no kernel is asked: variables of generated programs
/// are many, and all of them are on the stack without optimisation.
pub const FRAME_BYTES: u32 = 16 << 10;

/// Why there is nothing to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The program is no test: BPF cannot express it, or it does not end.
    Unfit(String),
    /// It should have compiled.
    Wrong(String),
}

/// How bpfc compiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ours {
    /// `-O`.
    pub level: OptLevel,
    /// `--cpu`.
    pub cpu: Cpu,
    /// Bytes that stack frames may take.
    pub frame_bytes: u32,
}

/// No files, and no types of a kernel: programs need none.
struct Nothing;

impl FileProvider for Nothing {
    fn load(&mut self, _: &IncludeRequest<'_>) -> Option<LoadedFile> {
        None
    }

    fn exists(&mut self, _: &IncludeRequest<'_>) -> bool {
        false
    }
}

impl Host for Nothing {
    fn kernel_btf(&mut self) -> Option<std::sync::Arc<bpfc::Btf>> {
        None
    }
}

/// Our object.
pub fn ours(text: &str, ours: Ours) -> Result<Object, Trouble> {
    ours_and_session(text, ours).map(|(object, _)| object)
}

/// Our object, and the session with its sources.
pub fn ours_and_session(text: &str, ours: Ours) -> Result<(Object, Session), Trouble> {
    let options = Options {
        opt_level: ours.level,
        cpu: ours.cpu,
        frame_bytes: ours.frame_bytes,
        ..Options::default()
    };
    let compile = || {
        let mut session = Session::default();
        let file = bpfc::add_source(&mut session, "program.c", text.as_bytes());
        let object = file.and_then(|f| bpfc::compile(&mut session, f, &options, &mut Nothing));
        (session, object)
    };
    let caught = catch_unwind(AssertUnwindSafe(compile));
    let (session, object) = caught.map_err(|_| Trouble::Wrong("the compiler panicked".into()))?;
    if let Some(object) = object {
        return Ok((object, session));
    }
    let mut errors = session.diagnostics.iter().filter(|d| d.severity == Severity::Error);
    let error = errors.next().ok_or_else(|| Trouble::Wrong("no object, no error".into()))?;
    let code = error.code.name();
    // BPF cannot do it: the stack, parameters, recursion, sizes.
    match code.starts_with("E04") {
        true => Err(Trouble::Unfit(format!("bpfc: {code}"))),
        false => Err(Trouble::Wrong(format!("{code}: {}", error.message))),
    }
}

/// The bytes of our object.
pub fn bytes(object: &Object) -> Result<Vec<u8>, Trouble> {
    let bytes = bpfc::write_object(&mut Session::default(), object);
    bytes.ok_or_else(|| Trouble::Wrong("the object cannot be written".into()))
}

/// Clang's object.
pub fn clang(source: &Path, object: &Path, options: &[&str]) -> Result<Object, Trouble> {
    let mut clang = Command::new("clang-19");
    clang.args("-target bpf -O2 -w -fwrapv -fno-strict-aliasing -mcpu=v4".split_whitespace());
    clang.args(options).arg("-c").arg(source).arg("-o").arg(object);
    let output = run(&mut clang)?;
    if !output.status.success() {
        return Err(Trouble::Unfit(format!("clang: {}", complaint(&output))));
    }
    let bytes = std::fs::read(object).map_err(|e| Trouble::Wrong(e.to_string()))?;
    let object = bpfc::read_object("clang's object", &bytes);
    object.map_err(|d| Trouble::Wrong(format!("clang's object: {}", d.message)))
}

/// A program of the host.
pub fn gcc(source: &Path, program: &Path, options: &[&str]) -> Result<(), Trouble> {
    let mut gcc = Command::new("gcc");
    let usual = "-std=gnu11 -Werror=return-type -fwrapv -fno-strict-aliasing -DHOST";
    gcc.args(usual.split_whitespace()).args(options);
    let output = run(gcc.arg("-o").arg(program).arg(source))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(Trouble::Unfit(format!("gcc: {}", complaint(&output)))),
    }
}

/// What a program of the host prints.
pub fn run_host(program: &Path) -> Result<u32, Trouble> {
    // A host executes far more instructions in this time than the virtual machine allows.
    let output = run(Command::new("timeout").arg("0.3").arg(program))?;
    let text = String::from_utf8_lossy(&output.stdout);
    match text.trim().parse() {
        Ok(result) if output.status.success() => Ok(result),
        _ if output.status.code() == Some(124) => Err(Trouble::Unfit("it does not end".into())),
        _ => Err(Trouble::Unfit(format!("gcc: {}", output.status))),
    }
}

fn run(command: &mut Command) -> Result<Output, Trouble> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.output().map_err(|_| Trouble::Unfit(format!("{name} is not installed")))
}

/// The first error, without places and names.
fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let mut lines = text.lines().filter_map(|line| line.split_once("error: "));
    let message = lines.next().map_or("failed", |(_, message)| message);
    let message: String = message.chars().filter(|c| !c.is_ascii_digit()).collect();
    message.split('\'').step_by(2).collect::<Vec<_>>().join("_")
}

/// Whether a compiler is installed.
#[cfg(test)]
pub fn is_installed(name: &str) -> bool {
    Command::new(name).arg("--version").output().is_ok()
}
