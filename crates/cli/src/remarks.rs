//! `-Rpass` and its kind: which remarks are wanted.

use crate::exit::Exit;
use crate::terminal::print_err;
use bpfc::{PASS_NAMES, REGALLOC};
use bpfc_base::RemarkKind;
use regex_lite::Regex;

const KINDS: [RemarkKind; 3] = [RemarkKind::Passed, RemarkKind::Missed, RemarkKind::Analysis];

/// The kinds and passes that `options` ask for, texts behind `-R` such as `pass-missed=inline`.
///
/// # Errors
/// How the command ends; why was printed.
pub fn wanted(options: &[String]) -> Result<Vec<(RemarkKind, &'static str)>, Exit> {
    let mut wanted = Vec::new();
    for option in options {
        let (name, pattern) = match option.split_once('=') {
            Some((name, pattern)) => (name, Some(pattern)),
            None => (option.as_str(), None),
        };
        let kind = KINDS.into_iter().find(|kind| kind.option().strip_prefix("-R") == Some(name));
        let Some(kind) = kind else {
            print_err(&format!(
                "error: there is no option `-R{name}`\n\
                 help: there are `-Rpass`, `-Rpass-missed` and `-Rpass-analysis`\n"
            ));
            return Err(Exit::Usage);
        };
        let pattern = pattern.map(Regex::new).transpose().map_err(|error| {
            print_err(&format!("error: the pattern of `-R{option}` is wrong: {error}\n"));
            Exit::Usage
        })?;
        let all = PASS_NAMES.iter().copied().chain([REGALLOC]);
        let matching = all.filter(|pass| pattern.as_ref().is_none_or(|p| p.is_match(pass)));
        wanted.extend(matching.map(|pass| (kind, pass)));
    }
    Ok(wanted)
}
