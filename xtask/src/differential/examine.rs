//! One program, compiled in every way and run everywhere.

use super::compilers::{self, FRAME_BYTES, Ours, Trouble};
use super::kernel::{self, Demand};
use bpfc::{Cpu, Object, OptLevel};
use bpfc_vm::{EngineChoice, FaultKind, Input, Options, RunError, Vm};
use std::fmt;
use std::path::{Path, PathBuf};

/// Instructions after which clang's object is too long a program to compare.
const FUEL: u64 = 250_000;
/// How many times as many ours may take, without optimisation.
const FUEL_FACTOR: u64 = 400;

/// Something that differs or fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which object, where.
    pub way: &'static str,
    /// How it differs.
    pub problem: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.way, self.problem)
    }
}

impl Finding {
    /// The same kind of problem, perhaps with other numbers.
    fn is_like(&self, other: &Finding) -> bool {
        let kind = |finding: &Finding| -> String {
            finding.problem.chars().filter(|c| !c.is_ascii_hexdigit()).take(40).collect()
        };
        self.way == other.way && kind(self) == kind(other)
    }
}

/// What came of a program.
#[derive(Clone, Debug, Default)]
pub struct Examination {
    /// Whether GCC and both of our levels gave a result.
    pub is_complete: bool,
    /// The ways that gave a result.
    pub ways: Vec<&'static str>,
    /// Why the program, or a way, was left out.
    pub unfit: Vec<String>,
    /// What differs.
    pub findings: Vec<Finding>,
}

/// Examines programs, one at a time.
pub struct Examiner {
    folder: PathBuf,
    stem: String,
    kernel_every: u64,
    demand: Demand,
}

/// Our object without optimisation.
const UNOPTIMISED: &str = "bpfc -O0";
/// Our object as people build it.
const OPTIMISED: &str = "bpfc -O2";
/// Our object for another instruction set, which the seed chooses.
const OTHER_OPTIONS: &str = "bpfc, other options";
/// Clang's object.
const CLANG: &str = "clang -O2";

impl Examiner {
    /// An examiner that writes files of its own to `folder`.
    pub fn new(folder: &Path, worker: usize, kernel_every: u64, demand: Demand) -> Self {
        let stem = format!("worker-{}-{worker}", std::process::id());
        Self { folder: folder.to_owned(), stem, kernel_every, demand }
    }

    /// Where programs that differ go.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn file(&self, extension: &str) -> PathBuf {
        self.folder.join(format!("{}.{extension}", self.stem))
    }

    /// Compiles and runs a program in every way.
    pub fn examine(&self, text: &str, seed: u64) -> Examination {
        let mut result = Examination::default();
        match self.compare(text, seed, &mut result) {
            Ok(()) => {}
            Err(Trouble::Unfit(reason)) => result.unfit.push(reason),
            Err(Trouble::Wrong(problem)) => {
                result.findings.push(Finding { way: "examination", problem });
            }
        }
        result
    }

    fn compare(&self, text: &str, seed: u64, result: &mut Examination) -> Result<(), Trouble> {
        // Without optimisation GCC makes the least of what C leaves undefined.
        let expected = self.expected(text, &["-O0"])?;
        let clang = self.clang(text);
        let ran = clang.as_ref().map_err(Trouble::clone).and_then(|object| run(object, FUEL));
        let is_short = ran.is_ok();
        record(result, CLANG, expected, ran);
        for (way, ours) in ours(seed) {
            let object = compilers::ours(text, ours);
            if way == OPTIMISED {
                check_bytes(text, ours, &object, result);
            }
            let ran = object.and_then(|object| run(&object, FUEL * FUEL_FACTOR));
            let ran = match ran {
                // Clang and GCC also replace loops by their results.
                Err(Trouble::Unfit(reason))
                    if is_short && reason == TOO_LONG && self.expected(text, &["-O0"]).is_ok() =>
                {
                    Err(Trouble::Wrong("it does not end".into()))
                }
                other => other,
            };
            record(result, way, expected, ran);
        }
        let has = |way| result.ways.contains(&way);
        result.is_complete = has(UNOPTIMISED) && has(OPTIMISED);
        if self.kernel_every > 0 && seed.is_multiple_of(self.kernel_every) {
            kernel::compare(text, expected, clang.ok().as_ref(), self.demand, result);
        }
        Ok(())
    }

    /// What the host says.
    fn expected(&self, text: &str, options: &[&str]) -> Result<u32, Trouble> {
        let (source, program) = (self.file("c"), self.file("host"));
        std::fs::write(&source, text).map_err(|e| Trouble::Wrong(e.to_string()))?;
        compilers::gcc(&source, &program, options)?;
        compilers::run_host(&program)
    }

    /// Clang's object of the source that was written for the host.
    fn clang(&self, text: &str) -> Result<Object, Trouble> {
        let source = self.file("c");
        std::fs::write(&source, text).map_err(|e| Trouble::Wrong(e.to_string()))?;
        let stack = format!("-bpf-stack-size={FRAME_BYTES}");
        compilers::clang(&source, &self.file("o"), &["-mllvm", &stack])
    }

    /// Whether a changed program is still good C and still shows the finding.
    pub fn shows(&self, text: &str, seed: u64, finding: &Finding) -> bool {
        // Ours first: it takes least.
        let all = ours(seed);
        let wanted = all.iter().find(|(way, _)| *way == finding.way);
        let mut answer = None;
        if let Some((_, ours)) = wanted {
            match compilers::ours(text, *ours).and_then(|o| run(&o, FUEL * FUEL_FACTOR)) {
                Ok(result) => answer = Some(result),
                Err(Trouble::Unfit(_)) => return false,
                Err(Trouble::Wrong(_)) => {}
            }
        }
        // Whatever a program without meaning gives, it does not give it in all of these.
        let plain = self.expected(text, &["-O0", "-ftrivial-auto-var-init=zero"]);
        let Ok(expected) = plain else { return false };
        if answer == Some(expected) {
            return false;
        }
        let checks = [
            "-fsanitize=undefined,address",
            "-fno-sanitize=shift-base,signed-integer-overflow,alignment",
            "-fno-sanitize-recover=all",
            "-ftrivial-auto-var-init=pattern",
            "-O1",
        ];
        if self.expected(text, &checks) != Ok(expected) {
            return false;
        }
        let examination = self.examine(text, seed);
        examination.findings.iter().any(|other| other.is_like(finding))
    }
}

impl Drop for Examiner {
    fn drop(&mut self) {
        for extension in ["c", "o", "host"] {
            let _ = std::fs::remove_file(self.file(extension));
        }
    }
}

/// How we compile the program of a seed: in two ways, and in one of several others.
fn ours(seed: u64) -> [(&'static str, Ours); 3] {
    let ours = |level, cpu| Ours { level, cpu, frame_bytes: FRAME_BYTES };
    let (level, cpu) = [
        (OptLevel::O2, Cpu::V1),
        (OptLevel::O2, Cpu::V2),
        (OptLevel::O2, Cpu::V4),
        (OptLevel::O0, Cpu::V1),
        (OptLevel::Os, Cpu::V3),
    ][(seed % 5) as usize];
    [
        (UNOPTIMISED, ours(OptLevel::O0, Cpu::V3)),
        (OPTIMISED, ours(OptLevel::O2, Cpu::V3)),
        (OTHER_OPTIONS, ours(level, cpu)),
    ]
}

/// Compiling again gives the same bytes.
fn check_bytes(text: &str, ours: Ours, object: &Result<Object, Trouble>, result: &mut Examination) {
    let Ok(object) = object else { return };
    let again = compilers::ours(text, ours).and_then(|again| compilers::bytes(&again));
    if compilers::bytes(object) != again {
        let problem = "compiling twice gives different objects".into();
        result.findings.push(Finding { way: "bpfc -O2", problem });
    }
}

/// Notes what a way gave.
pub fn record(
    result: &mut Examination,
    way: &'static str,
    expected: u32,
    got: Result<u32, Trouble>,
) {
    match got {
        Ok(got) => {
            result.ways.push(way);
            if got != expected {
                let problem = format!("{got:#010x} instead of {expected:#010x}");
                result.findings.push(Finding { way, problem });
            }
        }
        Err(Trouble::Unfit(reason)) => result.unfit.push(format!("{way}: {reason}")),
        Err(Trouble::Wrong(problem)) => result.findings.push(Finding { way, problem }),
    }
}

const TOO_LONG: &str = "it takes too many instructions";

/// The result of an object's program on both engines.
fn run(object: &Object, fuel: u64) -> Result<u32, Trouble> {
    let wrong = |problem: String| Trouble::Wrong(problem);
    let (program, _) = object.programs().next().ok_or_else(|| wrong("no program".into()))?;
    let options = Options {
        engine: EngineChoice::Both,
        fuel,
        frame_bytes: FRAME_BYTES,
        ..Options::default()
    };
    let mut vm = Vm::new(object, options).map_err(|e| wrong(e.to_string()))?;
    match vm.run(program, &Input::default()) {
        Ok(outcome) => Ok(outcome.ret as u32),
        Err(RunError::Fault(fault)) => match fault.kind {
            FaultKind::OutOfFuel { .. } => Err(Trouble::Unfit(TOO_LONG.into())),
            FaultKind::CallDepth { .. } => Err(Trouble::Unfit("calls are too deep".into())),
            kind => Err(wrong(format!("fault: {kind}"))),
        },
        Err(other) => Err(wrong(other.to_string())),
    }
}
