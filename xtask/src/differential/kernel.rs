//! The kernel on programs: its results, and its verdicts against those of our verifier.

use super::compilers::{self, Ours};
use super::examine::{Examination, Finding, record};
use bpfc::{Cpu, Object, OptLevel, VerifyOptions};
use bpfc_base::{Session, Severity};
use bpfc_loader::{Kernel, LoadOptions, TestInput, load};

/// Bytes of a kernel's stack frame.
const FRAME_BYTES: u32 = 512;
/// A packet that socket filters are tested with.
const PACKET: [u8; 64] = [0; 64];

/// What is asked of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// The right result, where it takes the program.
    Results,
    /// And it takes ours where it takes clang's, and where our verifier takes it. Not for programs
    /// whose loops are only bounded by what is in memory, which compilers differ in keeping there.
    Acceptance,
}

/// Runs our object of a program in the kernel.
pub fn compare(
    text: &str,
    expected: u32,
    clang: Option<&Object>,
    demand: Demand,
    result: &mut Examination,
) {
    let ours = Ours { level: OptLevel::O2, cpu: Cpu::V3, frame_bytes: FRAME_BYTES };
    let Ok((object, mut session)) = compilers::ours_and_session(text, ours) else {
        return;
    };
    let verified = verify(&mut session, &object);
    let mut differ = |way, problem, reason| match demand {
        Demand::Acceptance => {
            result.findings.push(Finding { way, problem: format!("{problem}: {reason}") });
        }
        Demand::Results => result.unfit.push(format!("{way}: {problem}")),
    };
    match (run(&object), verified) {
        (Ok(got), verified) => {
            if let Err(reason) = verified {
                differ("verifier", "only ours refuses the program", reason);
            }
            record(result, "kernel", expected, Ok(got));
        }
        (Err(reason), verified) => {
            if let Some(Ok(_)) = clang.map(run) {
                differ("kernel", "it takes clang's object, but not ours", reason);
            } else if verified.is_ok() {
                differ("verifier", "only the kernel refuses the program", reason);
            } else {
                result.unfit.push("kernel: it refuses the program, and so do we".into());
            }
        }
    }
}

/// What our verifier says.
fn verify(session: &mut Session, object: &Object) -> Result<(), String> {
    // The rules of the kernel that is asked.
    let options = VerifyOptions { kernel: Kernel::new().version(), ..VerifyOptions::default() };
    bpfc::verify(session, object, &options);
    let mut errors = session.diagnostics.iter().filter(|d| d.severity == Severity::Error);
    match errors.next() {
        None => Ok(()),
        Some(error) => Err(format!("{}: {}", error.code.name(), error.message)),
    }
}

/// The program's result in the kernel.
fn run(object: &Object) -> Result<u32, String> {
    let describe = |error: bpfc_loader::LoadError| {
        let diagnostic = error.to_diagnostic();
        let notes = diagnostic.notes.iter().map(|note| note.text.lines().last().unwrap_or(""));
        let lines: Vec<&str> = std::iter::once(diagnostic.message.as_str()).chain(notes).collect();
        lines.join(" | ")
    };
    let loaded = load(object, &Kernel::new(), &LoadOptions::default()).map_err(describe)?;
    let program = loaded.programs.first().ok_or("no program")?;
    let input = TestInput { data: &PACKET, ctx: &[], repeat: 1 };
    program.test_run(&input).map(|output| output.retval).map_err(|e| e.to_string())
}

/// Whether the kernel lets programs be loaded at all.
#[cfg(test)]
pub fn is_usable() -> bool {
    let text = "__attribute__((section(\"socket\"), used)) int f(void *ctx) { return 7; }\n\
        __attribute__((section(\"license\"), used)) char LICENSE[] = \"GPL\";\n";
    let ours = Ours { level: OptLevel::O2, cpu: Cpu::V3, frame_bytes: FRAME_BYTES };
    compilers::ours(text, ours).is_ok_and(|object| run(&object) == Ok(7))
}
