//! The preview of a help's edits: the lines before and after.

use super::snippet::Styled;
use super::{Sources, clean};
use crate::{Edit, ExpnId, FileId};
use std::fmt::Write;
use std::ops::Range;

/// Longer previews are left out: the words of the help must do.
const MAX_LINES: usize = 12;
const MAX_BYTES: usize = 4_000;

/// Appends the changed lines as `- before` and `+ after`; nothing for edits that cannot be
/// shown (none at all, overlapping, in several files, in macros, too long).
pub(super) fn preview(out: &mut Styled, sources: Sources<'_>, edits: &[Edit]) {
    let Some((file_id, edits)) = located(sources, edits) else {
        return;
    };
    let file = sources.map.file(file_id);
    let (Some(first), Some(last)) = (edits.first(), edits.last()) else {
        return;
    };
    let from_line = file.line_index(first.0.start as u32);
    let to_line = file.line_index(last.0.end as u32);
    let from = file.line_starts()[from_line] as usize;
    let to = file.line_starts().get(to_line + 1).map_or(file.text.len(), |&next| next as usize);
    let n_added: usize = edits.iter().map(|(_, text)| text.len()).sum();
    if to - from + n_added > MAX_BYTES {
        return;
    }
    let before = &file.text[from..to];
    let mut after = String::new();
    let mut at = from;
    for (range, replacement) in &edits {
        after.push_str(&file.text[at..range.start]);
        after.push_str(replacement);
        at = range.end;
    }
    after.push_str(&file.text[at..to]);
    changed_lines(out, from_line as u32 + 1, before, &after);
}

/// An edit as a range of its file, and the new text.
type Located<'e> = (Range<usize>, &'e str);

/// The edits as ranges of one file, in order.
fn located<'e>(sources: Sources<'_>, edits: &'e [Edit]) -> Option<(FileId, Vec<Located<'e>>)> {
    let mut file_id = None;
    let mut all = Vec::new();
    for edit in edits {
        let (id, range) = sources.map.locate(edit.span)?;
        let text = &sources.map.file(id).text;
        let is_cut = !text.is_char_boundary(range.start) || !text.is_char_boundary(range.end);
        if *file_id.get_or_insert(id) != id || edit.span.expn != ExpnId::ROOT || is_cut {
            return None;
        }
        all.push((range, edit.replacement.as_str()));
    }
    all.sort_by_key(|(range, _)| (range.start, range.end));
    let is_apart = |pair: &[Located<'_>]| pair[0].0.end <= pair[1].0.start;
    all.windows(2).all(is_apart).then_some(()).and(file_id).map(|id| (id, all))
}

/// Prints what differs between two versions of the lines that start at `number`.
fn changed_lines(out: &mut Styled, number: u32, before: &str, after: &str) {
    let old: Vec<&str> = before.lines().collect();
    let new: Vec<&str> = after.lines().collect();
    let same = |(a, b): &(&&str, &&str)| a == b;
    let n_head = old.iter().zip(&new).take_while(same).count();
    let (old, new) = (&old[n_head..], &new[n_head..]);
    let n_tail = old.iter().rev().zip(new.iter().rev()).take_while(same).count();
    let (old, new) = (&old[..old.len() - n_tail], &new[..new.len() - n_tail]);
    if old.is_empty() && new.is_empty() || old.len() + new.len() > MAX_LINES {
        return;
    }
    let number = number + n_head as u32;
    let last = number + old.len().max(new.len()) as u32 - 1;
    let width = last.to_string().len();
    writeln!(out, "{:width$} |", "").expect("a string takes all text");
    for (sign, lines) in [('-', old), ('+', new)] {
        for (number, line) in (number..).zip(lines) {
            let line = clean::line(line).replace('\t', "        ");
            out.patch_line(sign, number, width, &line);
        }
    }
}
