//! `bpfc explain [CODE]`

use crate::args::Explain;
use crate::exit::Exit;
use crate::terminal::{Terminal, print_err, print_out};
use bpfc_base::warnings::{self, FLAGS, Flag, GROUPS};
use bpfc_base::{Code, codes, similar};

/// Every page of `docs/codes`, by code.
const PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// The page of a code.
pub fn page(code: Code) -> Option<&'static str> {
    PAGES.iter().find(|(name, _)| *name == code.name()).map(|(_, text)| *text)
}

/// Prints a code's page, or the list of codes.
pub fn run(args: &Explain, _terminal: &mut Terminal) -> Exit {
    let Some(name) = &args.code else {
        print_out(&list());
        return Exit::Fine;
    };
    if let Some(flag) = name.strip_prefix("-W") {
        return explain_flag(flag.strip_prefix("no-").unwrap_or(flag));
    }
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

/// `-Wname`: the page of the code that it controls, or what the group holds.
fn explain_flag(name: &str) -> Exit {
    if let Some(flag) = Flag::find(name) {
        print_out(page(flag.info().code).unwrap_or(""));
        return Exit::Fine;
    }
    let members: Vec<&str> = warnings::members(name).into_iter().map(Flag::name).collect();
    if members.is_empty() {
        let names = FLAGS.iter().map(|info| info.name).chain(GROUPS.iter().map(|(name, _)| *name));
        let hint = similar::most_similar(name, names);
        let hint = hint.map_or(String::new(), |name| format!("; is it `-W{name}`?"));
        print_err(&format!("error: `-W{name}` is no warning of bpfc{hint}\n"));
        return Exit::Usage;
    }
    let lines: String = members.iter().map(|member| format!("  -W{member}\n")).collect();
    print_out(&format!("-W{name} stands for:\n{lines}"));
    Exit::Fine
}

fn list() -> String {
    let line = |code: Code| {
        let mut flags = FLAGS.iter().filter(|info| info.code == code).map(|info| info.name);
        let flag = flags.next().map_or(String::new(), |name| format!(" [-W{name}]"));
        format!("{}  {}{flag}\n", code.name(), code.title())
    };
    codes::all().map(line).collect()
}
