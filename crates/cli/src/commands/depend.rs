//! Rules for `make`: which files a result was made of (`-MD` and its relatives).

use super::compilation::Compilation;
use crate::args::Build;
use crate::files;
use bpfc::Emit;
use bpfc_base::Diagnostic;
use std::path::{Path, PathBuf};

/// Longer lines are broken.
const LINE_CHARS: usize = 78;

/// Reads all that the source includes, and nothing more.
pub fn only(compilation: &mut Compilation) -> Option<Vec<u8>> {
    let Compilation { session, file, options, host, .. } = compilation;
    bpfc::emit(session, *file, options, host, Emit::Preprocessed).map(|_| Vec::new())
}

/// Writes the rule for `output`, after its source was compiled.
///
/// # Errors
/// Why it cannot be written.
pub fn write(args: &Build, output: &Path, compilation: &Compilation) -> Result<(), Diagnostic> {
    let depend = &args.depend;
    let beside = |extension: &str| match output == Path::new("-") {
        true => args.file.with_extension(extension),
        false => output.with_extension(extension),
    };
    let file = match &depend.depfile {
        Some(file) if !file.is_empty() => PathBuf::from(file),
        // `-M` prints; `-MD` writes beside the output.
        _ if depend.dep_only => args.output.clone().unwrap_or(PathBuf::from("-")),
        _ => beside("d"),
    };
    let targets = match depend.dep_target.is_empty() {
        true if depend.dep_only => vec![object_name(&args.file)],
        true => vec![output.display().to_string()],
        false => depend.dep_target.clone(),
    };
    let mut names = Vec::new();
    for (id, source) in compilation.session.sources.files() {
        let is_file = source.is_user && !source.name.starts_with('<');
        let is_wanted = id == compilation.file || !(depend.dep_user_only && source.is_system);
        if is_file && is_wanted && !names.contains(&source.name) {
            names.push(source.name.clone());
        }
    }
    let mut text = rule(&targets, &names);
    if depend.dep_phony {
        for name in names.iter().skip(1) {
            text.push_str(&format!("\n{}:\n", escape(name)));
        }
    }
    files::write(&file, text.as_bytes())
}

/// What compiling `source` would write.
fn object_name(source: &Path) -> String {
    let name = source.file_name().map_or(source, Path::new);
    name.with_extension("o").display().to_string()
}

fn rule(targets: &[String], names: &[std::sync::Arc<str>]) -> String {
    let mut text = String::new();
    let mut n_chars = 0;
    for target in targets {
        let target = escape(target);
        n_chars += target.len() + 1;
        text.push_str(&target);
        text.push(' ');
    }
    text.truncate(text.trim_end().len());
    text.push(':');
    for name in names {
        let name = escape(name);
        if n_chars + name.len() + 1 > LINE_CHARS {
            text.push_str(" \\\n ");
            n_chars = 1;
        }
        n_chars += name.len() + 1;
        text.push(' ');
        text.push_str(&name);
    }
    text.push('\n');
    text
}

/// `name` as `make` reads it: blanks, `#` and `$` are special.
fn escape(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        match c {
            ' ' | '#' | ':' => text.push('\\'),
            '$' => text.push('$'),
            _ => {}
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{escape, rule};

    #[test]
    fn rules_of_make() {
        assert_eq!(escape("a b$#.h"), "a\\ b$$\\#.h");
        let names = ["prog.c".into(), "include/some/long/folder/header.h".into()];
        assert_eq!(
            rule(&["prog.o".to_owned()], &names),
            "prog.o: prog.c include/some/long/folder/header.h\n"
        );
        let long: Vec<std::sync::Arc<str>> = vec!["x".repeat(60).into(), "y".repeat(60).into()];
        assert!(rule(&["prog.o".to_owned()], &long).contains(" \\\n  y"));
    }
}
