//! `cargo xtask matrix [VERSION…]`: tries every hook on several kernels and on that of this machine, and writes `docs/hooks.md`.

use super::Result;
use super::vm::{self, VERSIONS};
use bpfc_kabi::KernelVersion;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

const PAGE: &str = "docs/hooks.md";

/// What came of the hooks on a kernel, by name.
type Column = BTreeMap<String, Outcome>;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Yes,
    No(String),
    Wrong(String),
}

/// Tries, and writes the page if all kernels were asked.
pub fn run(args: &[String]) -> Result<()> {
    let is_asked = |version: &KernelVersion| args.is_empty() || args.contains(&version.to_string());
    let mut columns = BTreeMap::new();
    let mut names = Vec::new();
    if args.is_empty() {
        let [_, hooks] = vm::programs()?;
        let output = Command::new(hooks).output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = bpfc_loader::Kernel::new().version().ok_or("no kernel")?;
        names = text.lines().filter_map(|line| Some(line.split_once(": ")?.0.to_owned())).collect();
        columns.insert(version, read(&text));
    }
    for version in VERSIONS.into_iter().filter(is_asked) {
        let done = vm::execute(version, "bpfc-hooks", &[])?;
        columns.insert(version, read(&done.output));
    }
    let mut n_wrong = 0;
    for (version, column) in &columns {
        let n_seen = column.values().filter(|outcome| **outcome == Outcome::Yes).count();
        println!("Linux {version}: {n_seen} of {} hooks", column.len());
        for (name, outcome) in column {
            if let Outcome::Wrong(why) = outcome {
                n_wrong += 1;
                println!("  WRONG {name}: {why}");
            }
            if let (Outcome::No(why), false) = (outcome, args.is_empty()) {
                println!("  no {name}: {why}");
            }
        }
    }
    if args.is_empty() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(PAGE);
        std::fs::write(path, page(&names, &columns)?)?;
    }
    if n_wrong > 0 { Err(format!("{n_wrong} hooks are wrong").into()) } else { Ok(()) }
}

fn read(text: &str) -> Column {
    let line = |line: &str| {
        let (name, outcome) = line.split_once(": ")?;
        let outcome = match outcome.split_once(": ") {
            None if outcome == "yes" => Outcome::Yes,
            Some(("no", why)) => Outcome::No(why.to_owned()),
            Some(("wrong", why)) => Outcome::Wrong(why.to_owned()),
            _ => return None,
        };
        Some((name.to_owned(), outcome))
    };
    text.lines().filter_map(line).collect()
}

fn page(names: &[String], columns: &BTreeMap<KernelVersion, Column>) -> Result<String> {
    let mut text = String::from(
        "# Hooks and kernels\n\n\
         For each hook a program of `examples/hooks` is loaded and attached, an event is made to happen, and the program must \
         have seen it; `cargo xtask matrix` does that on Debian's kernels in virtual machines and on the kernel of the machine \
         that runs it, and writes this page. Where it does not work, the number leads to the reason.\n\n| hook |",
    );
    columns.keys().try_for_each(|version| write!(text, " {version} |"))?;
    text.push_str("\n| --- |");
    columns.keys().for_each(|_| text.push_str(" --- |"));
    text.push('\n');
    let mut reasons: Vec<String> = Vec::new();
    for name in names {
        write!(text, "| {name} |")?;
        for column in columns.values() {
            let cell = match column.get(name) {
                Some(Outcome::Yes) => "yes".to_owned(),
                Some(Outcome::No(why) | Outcome::Wrong(why)) => {
                    let why = why.replace('|', "\\|");
                    let at = reasons.iter().position(|other| *other == why);
                    let at = at.unwrap_or_else(|| {
                        reasons.push(why);
                        reasons.len() - 1
                    });
                    format!("no ({})", at + 1)
                }
                None => "?".to_owned(),
            };
            write!(text, " {cell} |")?;
        }
        text.push('\n');
    }
    if !reasons.is_empty() {
        text.push_str("\n## Reasons\n\n");
    }
    for (number, reason) in (1..).zip(&reasons) {
        writeln!(text, "{number}. {reason}")?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_reasons_once() {
        let column = |text: &str| read(text);
        let columns = BTreeMap::from([
            (KernelVersion::new(5, 10), column("a: yes\nb: no: too old\nc: no: too old\n")),
            (KernelVersion::new(6, 1), column("a: wrong: bad\nb: yes\nrubbish\n")),
        ]);
        let names = ["a", "b", "c"].map(str::to_owned);
        let page = page(&names, &columns).expect("a page");
        assert!(page.contains("| hook | 5.10 | 6.1 |"));
        assert!(page.contains("| a | yes | no (1) |") && page.contains("| b | no (2) | yes |"));
        assert!(page.contains("| c | no (2) | ? |") && page.contains("2. too old\n"));
    }
}
