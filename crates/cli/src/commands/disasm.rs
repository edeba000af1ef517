//! `bpfc disasm FILE`

use crate::args::Disasm;
use crate::exit::Exit;
use crate::files;
use crate::terminal::{Terminal, print_out};
use bpfc::ListingOptions;
use bpfc_base::Diagnostic;

/// Prints an object's programs, with source lines where the object has them.
pub fn run(args: &Disasm, terminal: &mut Terminal) -> Exit {
    match load(args) {
        Ok(text) => {
            print_out(&text);
            Exit::Fine
        }
        Err(diagnostic) => {
            let exit = Exit::of(std::slice::from_ref(&diagnostic));
            terminal.fail(diagnostic);
            terminal.print_summary();
            exit
        }
    }
}

fn load(args: &Disasm) -> Result<String, Diagnostic> {
    let bytes = files::read(&args.file)?;
    let object = bpfc::read_object(&args.file.display().to_string(), &bytes)?;
    Ok(bpfc::list_object(&object, ListingOptions { with_source: true, with_bytes: false }))
}
