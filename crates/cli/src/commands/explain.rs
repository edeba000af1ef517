//! `bpfc explain [CODE]`

use crate::args::Explain;
use crate::exit::Exit;
use crate::terminal::{Terminal, print_err, print_out};
use bpfc_base::{codes, similar};

/// Every page of `docs/codes`, by code.
const PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// Prints a code's page, or the list of codes.
pub fn run(args: &Explain, _terminal: &mut Terminal) -> Exit {
    let Some(name) = &args.code else {
        print_out(&list());
        return Exit::Fine;
    };
    let page = PAGES.iter().find(|(code, _)| code.eq_ignore_ascii_case(name));
    if let Some((_, text)) = page {
        print_out(text);
        return Exit::Fine;
    }
    let hint = similar::most_similar(&name.to_uppercase(), PAGES.iter().map(|(code, _)| *code));
    let hint = hint.map_or(String::new(), |code| format!("; is it `{code}`?"));
    print_err(&format!("error: `{name}` is no diagnostic code{hint}\n"));
    Exit::Usage
}

fn list() -> String {
    codes::all().map(|code| format!("{}  {}\n", code.name(), code.title())).collect()
}
