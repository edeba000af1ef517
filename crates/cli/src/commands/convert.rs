//! `bpfc convert FILE`

use super::compilation::Compilation;
use crate::args::Convert;
use crate::btf_file;
use crate::exit::Exit;
use crate::files;
use crate::terminal::Terminal;
use bpfc::Emit;

/// What text between quotes has that is a part of a program.
const MARKS: [&str; 6] =
    ["BPF_", "_PROBE(", "struct pt_regs", "struct __sk_buff", "struct xdp_md", "#include"];

/// Writes a program of BCC's dialect as plain C.
pub fn run(args: &Convert, terminal: &mut Terminal) -> Exit {
    let exit = convert(args, terminal).unwrap_or_else(|exit| exit);
    terminal.print_summary();
    exit
}

fn convert(args: &Convert, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let bytes = files::read(&args.file).map_err(|error| terminal.fail_with(error))?;
    let types = btf_file::open(&args.compile.btf).map_err(|error| terminal.fail_with(error))?;
    let is_script = args.file.extension().is_some_and(|extension| extension == "py");
    let bytes = match is_script {
        true => program_of(&String::from_utf8_lossy(&bytes)).into_bytes(),
        false => bytes,
    };
    let name = files::shown(&args.file);
    let mut compilation = Compilation::of_bytes(&name, &bytes, &args.compile, types, terminal)?;
    compilation.options.dialect = Some(bpfc::Dialect::Bcc);
    let Compilation { session, file, options, host } = &mut compilation;
    let text = bpfc::emit(session, *file, options, host, Emit::C);
    let exit = compilation.report(terminal);
    let (Some(text), Exit::Fine) = (text, exit) else {
        return Ok(exit);
    };
    match files::write(&args.output, text.as_bytes()) {
        Ok(()) => Ok(Exit::Fine),
        Err(diagnostic) => Ok(terminal.fail_with(diagnostic)),
    }
}

/// The texts between triple quotes that are parts of a program, on the lines where they stand.
fn program_of(script: &str) -> String {
    let mut out = String::new();
    let mut rest = script;
    while let Some((at, quotes)) = next_quotes(rest) {
        let (before, behind) = (&rest[..at], &rest[at + 3..]);
        let (text, after) = behind.split_once(quotes).unwrap_or((behind, ""));
        blank(before, &mut out);
        if MARKS.iter().any(|mark| text.contains(mark)) {
            let is_raw = before.ends_with(['r', 'R']) || before.ends_with("rb");
            out.push_str(&if is_raw { text.to_owned() } else { text.replace(r"\\", r"\") });
        } else {
            blank(text, &mut out);
        }
        out.push(' ');
        rest = after;
    }
    out
}

fn next_quotes(text: &str) -> Option<(usize, &'static str)> {
    let all = ["\"\"\"", "'''"].into_iter();
    all.filter_map(|quotes| Some((text.find(quotes)?, quotes))).min()
}

/// As many lines, with nothing in them.
fn blank(text: &str, out: &mut String) {
    out.extend(text.chars().filter(|&c| c == '\n'));
}

#[cfg(test)]
mod tests {
    use super::program_of;

    #[test]
    fn texts_keep_their_lines() {
        let script = r#"usage = """how to
use"""
text = r"""
BPF_HASH(h);
"""
b = 1 + '''int f(struct pt_regs *ctx) { return 0; }'''
"#;
        let found = program_of(script);
        assert_eq!(found.lines().nth(3), Some("BPF_HASH(h);"));
        assert!(found.lines().nth(5).is_some_and(|line| line.contains("int f(")), "{found:?}");
        assert!(!found.contains("usage"));
    }
}
