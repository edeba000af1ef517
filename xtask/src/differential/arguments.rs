//! What the task is asked.

use super::kernel::Demand;
use super::{Result, csmith};

/// How the task is used.
const USAGE: &str = "\
usage: cargo xtask differential [OPTION...]

  --generator NAME   own, csmith, or both (default)
  --count N          programs of each generator (100)
  --seed S           the first seed (1); each program has one, so any can be repeated alone
  --jobs N           threads (one per processor)
  --kernel-every N   ask the kernel about every Nth program (10; 0: never)
  --reduce N         how many programs that differ are reduced (3)
  --keep-going       do not stop at the first program that differs
  --file PATH        compare this program instead, as if it were of the first seed
  --print            print the program of the first seed instead";

/// Who writes programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generator {
    /// `bpfc_testkit::generate`.
    Own,
    /// Debian's package `csmith`.
    Csmith,
}

impl Generator {
    /// As in file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Csmith => "csmith",
        }
    }

    /// What the kernel must do with its programs.
    pub fn demand(self) -> Demand {
        match self {
            Self::Own => Demand::Acceptance,
            Self::Csmith => Demand::Results,
        }
    }

    /// The program of a seed.
    pub fn program(self, seed: u64) -> Result<String, String> {
        match self {
            Self::Own => Ok(bpfc_testkit::generate::program(seed)),
            Self::Csmith => csmith::program(seed),
        }
    }
}

/// The options.
#[derive(Clone, Debug)]
pub struct Arguments {
    generator: Option<Generator>,
    /// Programs of each generator.
    pub count: u64,
    /// The first seed.
    pub seed: u64,
    /// Threads.
    pub n_jobs: usize,
    /// The kernel is asked about every program whose seed this divides.
    pub kernel_every: u64,
    /// How many programs that differ are reduced.
    pub n_reductions: u64,
    /// Whether a difference does not end the run.
    pub keeps_going: bool,
    /// A program to compare instead of generated ones.
    pub file: Option<std::path::PathBuf>,
    /// Whether the program is only to be printed.
    pub prints: bool,
}

impl Arguments {
    /// Reads `--name value` pairs.
    pub fn parse(arguments: &[String]) -> Result<Self> {
        let mut result = Self {
            generator: None,
            count: 100,
            seed: 1,
            n_jobs: std::thread::available_parallelism().map_or(1, usize::from),
            kernel_every: 10,
            n_reductions: 3,
            keeps_going: false,
            file: None,
            prints: false,
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--keep-going" => result.keeps_going = true,
                "--print" => result.prints = true,
                name => {
                    let value = words.next().ok_or_else(|| format!("no value\n{USAGE}"))?;
                    result.set(name, value)?;
                }
            }
        }
        Ok(result)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        match name {
            "--generator" => {
                self.generator = match value {
                    "own" => Some(Generator::Own),
                    "csmith" => Some(Generator::Csmith),
                    "both" => None,
                    _ => return Err(format!("no generator `{value}`\n{USAGE}").into()),
                }
            }
            "--file" => {
                self.file = Some(value.into());
                self.count = 1;
            }
            "--count" => self.count = value.parse()?,
            "--seed" => self.seed = value.parse()?,
            "--jobs" => self.n_jobs = value.parse()?,
            "--kernel-every" => self.kernel_every = value.parse()?,
            "--reduce" => self.n_reductions = value.parse()?,
            _ => return Err(format!("no option `{name}`\n{USAGE}").into()),
        }
        Ok(())
    }

    /// The generators to use.
    pub fn generators(&self) -> Vec<Generator> {
        self.generator.map_or_else(|| vec![Generator::Own, Generator::Csmith], |one| vec![one])
    }
}
