//! The value of `--cpu`: a version of the instruction set, or what the running kernel takes.

use crate::exit::Exit;
use crate::terminal::print_out;
use bpfc::Cpu;
use bpfc_loader::{Kernel, newest_cpu};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, Command};
use std::ffi::OsStr;

/// An instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CpuChoice {
    /// This one.
    Fixed(Cpu),
    /// The newest that the running kernel takes.
    Probe,
}

impl CpuChoice {
    /// The instruction set; asks the kernel if need be.
    pub fn cpu(self) -> Cpu {
        match self {
            CpuChoice::Fixed(cpu) => cpu,
            CpuChoice::Probe => newest_cpu(&Kernel::new()),
        }
    }
}

const CHOICES: &[(&str, CpuChoice, &str)] = &[
    ("v1", CpuChoice::Fixed(Cpu::V1), "The first"),
    ("v2", CpuChoice::Fixed(Cpu::V2), "Linux 4.14: all comparisons"),
    (
        "v3",
        CpuChoice::Fixed(Cpu::V3),
        "Linux 5.1: 32-bit arithmetic and jumps; 5.12: atomic operations other than addition",
    ),
    (
        "v4",
        CpuChoice::Fixed(Cpu::V4),
        "Linux 6.6: signed division, sign extension, byte swaps, long jumps; 6.15: acquire and release",
    ),
    ("probe", CpuChoice::Probe, "The newest that the running kernel takes, also called native"),
];

/// Reads a [`CpuChoice`].
#[derive(Clone, Copy, Debug)]
pub struct CpuParser;

impl TypedValueParser for CpuParser {
    type Value = CpuChoice;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<CpuChoice, clap::Error> {
        match value.to_str() {
            // As in clang, this is all that the command does, whatever else it lacks.
            Some("help") => {
                print_out(&list());
                std::process::exit(Exit::Fine as i32);
            }
            Some("native") => return Ok(CpuChoice::Probe),
            _ => {}
        }
        let names = PossibleValuesParser::new(CHOICES.iter().map(|(name, ..)| *name));
        let name = names.parse_ref(command, arg, value)?;
        let found = CHOICES.iter().find(|(known, ..)| *known == name);
        Ok(found.map_or(CpuChoice::Fixed(Cpu::V3), |&(_, choice, _)| choice))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let values = CHOICES.iter().map(|&(name, _, help)| PossibleValue::new(name).help(help));
        Some(Box::new(values))
    }
}

/// What `--cpu help` prints.
fn list() -> String {
    let lines = CHOICES.iter().map(|(name, choice, help)| {
        let default = if *choice == CpuChoice::Fixed(Cpu::V3) { " (default)" } else { "" };
        format!("{name:<6} {help}{default}\n")
    });
    lines.collect()
}
