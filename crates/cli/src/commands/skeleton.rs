//! `bpfc skeleton FILE`

use crate::args::{LanguageChoice, Skeleton};
use crate::exit::Exit;
use crate::files;
use crate::terminal::Terminal;
use bpfc::Language;
use bpfc_base::Diagnostic;

/// Writes source text that loads an object file.
pub fn run(args: &Skeleton, terminal: &mut Terminal) -> Exit {
    match write(args) {
        Ok(()) => Exit::Fine,
        Err(diagnostic) => {
            let exit = Exit::of(std::slice::from_ref(&diagnostic));
            terminal.fail(diagnostic);
            terminal.print_summary();
            exit
        }
    }
}

fn write(args: &Skeleton) -> Result<(), Diagnostic> {
    let file = files::shown(&args.file);
    let bytes = files::read(&args.file)?;
    let name = args.name.clone().unwrap_or_else(|| bpfc::object_name(&file));
    let language = match args.lang {
        LanguageChoice::C => Language::C,
    };
    let text = bpfc::skeleton(&file, &bytes, &name, language)?;
    files::write(&args.output, text.as_bytes())
}
