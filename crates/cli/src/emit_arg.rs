//! The value of `--emit`: a stage of the pipeline, and of the optimiser.

use bpfc::{IrStage, Language, PASS_NAMES};
use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};
use std::ffi::OsStr;

/// What `bpfc build` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emit {
    /// A stage, as text.
    Text(bpfc::Emit),
    /// An ELF object.
    Object,
    /// Source text for a loader.
    Skeleton(Language),
}

const KINDS: &[(&str, Emit, &str)] = &[
    ("tokens", Emit::Text(bpfc::Emit::Tokens), "Preprocessed tokens"),
    ("ast", Emit::Text(bpfc::Emit::Ast), "The syntax tree"),
    ("hir", Emit::Text(bpfc::Emit::Hir), "The typed form"),
    ("c", Emit::Text(bpfc::Emit::C), "The typed form as plain C, in libbpf's style"),
    (
        "ir",
        Emit::Text(bpfc::Emit::Ir(IrStage::Optimized)),
        "The intermediate representation after optimisation",
    ),
    ("ir=lowered", Emit::Text(bpfc::Emit::Ir(IrStage::Lowered)), "Before the first pass"),
    ("ir=each", Emit::Text(bpfc::Emit::Ir(IrStage::Each)), "Functions as each pass changed them"),
    ("asm", Emit::Text(bpfc::Emit::Asm), "Assembly"),
    ("obj", Emit::Object, "An ELF object"),
    ("btf", Emit::Text(bpfc::Emit::Btf), "Its BTF, as text"),
    ("skeleton=c", Emit::Skeleton(Language::C), "A header for loaders in C and C++, on libbpf"),
    ("skeleton=go", Emit::Skeleton(Language::Go), "A file for loaders in Go, on cilium/ebpf"),
    (
        "skeleton=python",
        Emit::Skeleton(Language::Python),
        "A module for loaders in Python, on libbpf",
    ),
    ("skeleton=rust", Emit::Skeleton(Language::Rust), "A module for loaders in Rust, on libbpf-rs"),
];

/// What stands before the name of a pass.
const AFTER: &str = "ir=after:";

/// Reads an [`Emit`].
#[derive(Clone, Copy, Debug)]
pub struct EmitParser;

impl TypedValueParser for EmitParser {
    type Value = Emit;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Emit, clap::Error> {
        let text = value.to_string_lossy();
        if let Some(&(_, emit, _)) = KINDS.iter().find(|(name, ..)| *name == text) {
            return Ok(emit);
        }
        let pass = text.strip_prefix(AFTER);
        let known = pass.and_then(|pass| PASS_NAMES.iter().find(|name| **name == pass));
        match known {
            Some(name) => Ok(Emit::Text(bpfc::Emit::Ir(IrStage::After(name)))),
            None => Err(unknown(command, arg, &text, pass)),
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let kinds = KINDS.iter().map(|&(name, _, help)| PossibleValue::new(name).help(help));
        Some(Box::new(kinds))
    }
}

fn unknown(command: &Command, arg: Option<&Arg>, text: &str, pass: Option<&str>) -> clap::Error {
    let names: Vec<String> = match pass {
        Some(_) => PASS_NAMES.iter().map(|name| format!("{AFTER}{name}")).collect(),
        None => KINDS.iter().map(|(name, ..)| (*name).to_owned()).collect(),
    };
    let mut error = clap::Error::new(ErrorKind::InvalidValue).with_cmd(command);
    let arg = arg.map(ToString::to_string).unwrap_or_default();
    error.insert(ContextKind::InvalidArg, ContextValue::String(arg));
    error.insert(ContextKind::InvalidValue, ContextValue::String(text.to_owned()));
    error.insert(ContextKind::ValidValue, ContextValue::Strings(names));
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Cli;
    use clap::Parser;

    fn emit(value: &str) -> Result<Emit, String> {
        let args = ["bpfc", "build", "a.c", "--emit", value];
        match Cli::try_parse_from(args) {
            Ok(cli) => match cli.command {
                crate::args::Command::Build(build) => Ok(build.emit),
                _ => Err("not a build".into()),
            },
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn passes_are_known() {
        let after = |name| Ok(Emit::Text(bpfc::Emit::Ir(IrStage::After(name))));
        assert_eq!(emit("ir=after:simplify"), after("simplify"));
        assert_eq!(emit("obj"), Ok(Emit::Object));
        assert!(emit("ir=after:nothing").unwrap_err().contains("ir=after:simplify"));
        assert!(emit("ir=").unwrap_err().contains("ir=each"));
    }
}
