//! `bpfc skeleton FILE`

use crate::args::{LanguageChoice, Skeleton};
use crate::exit::Exit;
use crate::files;
use crate::terminal::Terminal;
use bpfc::{Language, SkeletonOptions};
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
    let language = match args.lang {
        LanguageChoice::C => Language::C,
        LanguageChoice::Rust => Language::Rust,
        LanguageChoice::Python => Language::Python,
        LanguageChoice::Go => Language::Go,
    };
    let (name, package) = names(&file, &args.name, &args.package);
    let options = SkeletonOptions { language, name: &name, package: &package };
    let text = bpfc::skeleton(&file, &bytes, &options)?;
    files::write(&args.output, text.as_bytes())
}

/// What the object of `file` and its package are called, if `--name` and `--package` do not say it.
pub(super) fn names(
    file: &str,
    name: &Option<String>,
    package: &Option<String>,
) -> (String, String) {
    let name = name.clone().unwrap_or_else(|| bpfc::object_name(file));
    let package = package.clone().or_else(|| std::env::var("GOPACKAGE").ok());
    (name, package.unwrap_or_else(|| "main".to_owned()))
}
