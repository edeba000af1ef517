//! Applies the edits of helps to the texts that they are about.
//!
//! [`apply`] makes one round of edits, [`fix`] checks and applies in turns until nothing more can be
//! fixed. Neither does IO: the caller checks, and writes what changed.

use crate::{Diagnostic, Edit, ExpnId, FileId, Help, SourceMap};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Changed texts by the names of their files.
pub type Texts = BTreeMap<Arc<str>, String>;

/// What one look at the texts found.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// Where the diagnostics are.
    pub sources: SourceMap,
    /// What is wrong, in order.
    pub diagnostics: Vec<Diagnostic>,
}

/// What came of [`fix`].
#[derive(Clone, Debug, Default)]
pub struct Fixed {
    /// The files that changed, whole.
    pub texts: Texts,
    /// What was fixed, in order: the messages of the diagnostics with their codes' names.
    pub applied: Vec<(&'static str, String)>,
    /// What the last look found.
    pub left: Checked,
    /// How often was looked.
    pub n_rounds: usize,
}

/// What came of [`apply`].
#[derive(Clone, Debug, Default)]
pub struct Patch {
    /// The files that change, whole.
    pub texts: BTreeMap<FileId, String>,
    /// Per help, whether its edits were applied.
    pub is_applied: Vec<bool>,
}

/// Applies all edits of each help, or none of them where one cannot be: it overlaps with an
/// earlier help's, is in a macro or in a file that is not the user's, or there is none.
pub fn apply<'h>(sources: &SourceMap, helps: impl IntoIterator<Item = &'h Help>) -> Patch {
    let mut patch = Patch::default();
    let mut chosen: BTreeMap<FileId, Vec<Located<'h>>> = BTreeMap::new();
    for help in helps {
        let located = locate_all(sources, &help.edits);
        let fits = located.as_ref().is_some_and(|edits| {
            edits.iter().all(|(file, edit)| {
                let others = chosen.get(file).into_iter().flatten();
                others.clone().all(|other| is_apart(other, edit))
            })
        });
        patch.is_applied.push(fits);
        for (file, edit) in located.into_iter().flatten().filter(|_| fits) {
            chosen.entry(file).or_default().push(edit);
        }
    }
    for (file, mut edits) in chosen {
        // Insertions at one place stay in the order of their helps.
        edits.sort_by_key(|(range, _)| (range.start, range.end));
        patch.texts.insert(file, edited(&sources.file(file).text, &edits));
    }
    patch
}

/// Calls `check` on the texts as they are now (at first none has changed), applies the first help with edits of
/// each diagnostic that `is_chosen`, and starts again, until nothing is left to apply, or a change was
/// there before, or for `max_rounds` rounds. The last look is at the final texts.
pub fn fix<E>(
    max_rounds: usize,
    is_chosen: impl Fn(&Diagnostic) -> bool,
    mut check: impl FnMut(&Texts) -> Result<Checked, E>,
) -> Result<Fixed, E> {
    let mut fixed = Fixed::default();
    let mut seen = vec![Texts::new()];
    loop {
        fixed.left = check(&fixed.texts)?;
        fixed.n_rounds += 1;
        if fixed.n_rounds > max_rounds {
            return Ok(fixed);
        }
        let chosen: Vec<(&Diagnostic, &Help)> = fixed
            .left
            .diagnostics
            .iter()
            .filter(|diagnostic| is_chosen(diagnostic))
            .filter_map(|diagnostic| {
                let mut helps = diagnostic.helps.iter();
                Some((diagnostic, helps.find(|help| !help.edits.is_empty())?))
            })
            .collect();
        let patch = apply(&fixed.left.sources, chosen.iter().map(|(_, help)| *help));
        let mut texts = fixed.texts.clone();
        for (file, text) in patch.texts {
            texts.insert(fixed.left.sources.file(file).name.clone(), text);
        }
        if seen.contains(&texts) {
            return Ok(fixed);
        }
        for ((diagnostic, _), _) in chosen.iter().zip(patch.is_applied).filter(|(_, is)| *is) {
            fixed.applied.push((diagnostic.code.name(), diagnostic.message.clone()));
        }
        seen.push(texts.clone());
        fixed.texts = texts;
    }
}

/// An edit as a range of its file, and the new text.
type Located<'e> = (Range<usize>, &'e str);

fn locate_all<'e>(sources: &SourceMap, edits: &'e [Edit]) -> Option<Vec<(FileId, Located<'e>)>> {
    let mut all: Vec<(FileId, Located<'e>)> = Vec::new();
    for edit in edits {
        let (id, range) = sources.locate(edit.span)?;
        let file = sources.file(id);
        let is_cut =
            !file.text.is_char_boundary(range.start) || !file.text.is_char_boundary(range.end);
        if edit.span.expn != ExpnId::ROOT || file.is_system || is_cut {
            return None;
        }
        let located = (range, edit.replacement.as_str());
        if all.iter().any(|(file, other)| *file == id && !is_apart(other, &located)) {
            return None;
        }
        all.push((id, located));
    }
    (!all.is_empty()).then_some(all)
}

/// Whether both can be applied. Two insertions at one place cannot: which is first would matter,
/// and one mistake reported twice would be fixed twice.
fn is_apart((a, _): &Located<'_>, (b, _): &Located<'_>) -> bool {
    (a.end <= b.start || b.end <= a.start) && a != b
}

fn edited(text: &str, edits: &[Located<'_>]) -> String {
    // New lines end as those of the file.
    let is_crlf = text.find('\n').is_some_and(|at| text[..at].ends_with('\r'));
    let mut result = String::with_capacity(text.len());
    let mut at = 0;
    for (range, replacement) in edits {
        result.push_str(&text[at..range.start]);
        match is_crlf {
            true => result.push_str(&replacement.replace("\r\n", "\n").replace('\n', "\r\n")),
            false => result.push_str(replacement),
        }
        at = range.end;
    }
    result.push_str(&text[at..]);
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Idx, Span, codes};

    /// One diagnostic per `bad` in the text, whose help makes `good` of it.
    fn check(text: &str) -> Checked {
        let mut sources = SourceMap::default();
        let file = sources.add("a.c", text, true).expect("a short text");
        let start = sources.file(file).start;
        let diagnostics = text.match_indices("bad").map(|(at, word)| {
            let lo = start + at as u32;
            let span = Span::new(lo, lo + word.len() as u32);
            let edit = Edit { span, replacement: "good".to_owned() };
            Diagnostic::new(codes::verifier::E0703, span, "bad").with_edit("replace", vec![edit])
        });
        let diagnostics = diagnostics.collect();
        Checked { sources, diagnostics }
    }

    #[test]
    fn fixes_until_nothing_is_left() {
        let original = "a bad b bad c";
        let fixed = fix(
            8,
            |_| true,
            |texts| Ok::<_, ()>(check(texts.get("a.c").map_or(original, |text| text))),
        );
        let fixed = fixed.expect("the check does not fail");
        assert_eq!(fixed.texts["a.c"], "a good b good c");
        assert_eq!((fixed.applied.len(), fixed.n_rounds), (2, 2));
        assert!(fixed.left.diagnostics.is_empty());
    }

    #[test]
    fn keeps_line_ends_and_headers_of_the_system() {
        let mut checked = check("a\r\nbad\r\n");
        checked.diagnostics[0].helps[0].edits[0].replacement = "x;\ny".to_owned();
        let help = checked.diagnostics[0].helps[0].clone();
        let patch = apply(&checked.sources, [&help]);
        assert_eq!(patch.texts.into_values().collect::<Vec<_>>(), ["a\r\nx;\r\ny\r\n"]);
        checked.sources.make_system(FileId::new(0));
        assert_eq!(apply(&checked.sources, [&help]).is_applied, [false]);
    }

    #[test]
    fn edits_that_overlap_wait() {
        let checked = check("bad");
        let mut help = checked.diagnostics[0].helps[0].clone();
        let first = help.clone();
        help.edits[0].span.lo += 1;
        let patch = apply(&checked.sources, [&first, &help, &first]);
        assert_eq!(patch.is_applied, [true, false, false]);
        assert_eq!(patch.texts.into_values().collect::<Vec<_>>(), ["good"]);
    }

    #[test]
    fn rounds_end() {
        let fixed = fix(
            3,
            |_| true,
            |texts| {
                let n = texts.get("a.c").map_or(0, String::len);
                Ok::<_, ()>(check(&format!("{}bad", "x".repeat(n))))
            },
        );
        assert_eq!(fixed.expect("the check does not fail").n_rounds, 4);
        let swapped =
            |texts: &Texts| Ok::<_, ()>(check(if texts.is_empty() { "bad" } else { "bad " }));
        let fixed = fix(9, |_| true, swapped).expect("the check does not fail");
        assert_eq!(fixed.texts["a.c"], "good ");
    }
}
