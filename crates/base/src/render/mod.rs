//! Renderers: the only code that turns a [`Diagnostic`] into text.
//!
//! Input: diagnostics and the [`Sources`] they point into. Output: strings. No IO, and no
//! guess about the terminal: the caller says whether to use colour.
//!
//! Every renderer shows a place as the user wrote it: text that macros produced is shown
//! at the outermost macro call, and the way into the macros follows as notes
//! ([`human()`]) or as an `expansion` list ([`json()`]).

mod clean;
mod github;
mod human;
mod json;
mod patch;
mod place;
mod sarif;
mod snippet;

pub use github::github;
pub use human::human;
pub use json::json;
pub use place::Place;
pub use sarif::{SarifLog, sarif};

use crate::{Diagnostic, Interner, Session, Severity, SourceMap};

/// What diagnostics point into: texts, and the names of macros.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// Files and macro expansions.
    pub map: &'a SourceMap,
    /// Interned names.
    pub names: &'a Interner,
}

impl<'a> From<&'a Session> for Sources<'a> {
    fn from(session: &'a Session) -> Self {
        Self { map: &session.sources, names: &session.names }
    }
}

/// Whether to use the terminal's colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// Plain text.
    #[default]
    Never,
    /// ANSI escape sequences.
    Always,
}

/// The forms that a list of diagnostics can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Source excerpts for people.
    Human(Color),
    /// One line each, as compilers have always done.
    Short,
    /// One JSON object a line.
    Json,
    /// One SARIF 2.1.0 document.
    Sarif,
    /// One annotation of GitHub Actions a line.
    Github,
}

/// `diagnostics` in order, in `format`. Human diagnostics are a blank line apart; there is
/// no summary, see [`summary`].
pub fn render<'a>(
    sources: impl Into<Sources<'a>>,
    diagnostics: &[Diagnostic],
    format: Format,
) -> String {
    let sources = sources.into();
    let each = diagnostics.iter();
    match format {
        Format::Human(color) => {
            let clean = snippet::Texts::default();
            let texts: Vec<String> =
                each.map(|d| human::human_with(sources, &clean, d, color)).collect();
            texts.join("\n")
        }
        Format::Short => each.map(|d| short(sources, d) + "\n").collect(),
        Format::Json => each.map(|d| json(sources, d) + "\n").collect(),
        Format::Sarif => sarif(sources, diagnostics) + "\n",
        Format::Github => each.map(|d| github(sources, d) + "\n").collect(),
    }
}

/// `count.c:9:5: error[E0703]: message`, one line without its end. No place: no prefix.
pub fn short<'a>(sources: impl Into<Sources<'a>>, diagnostic: &Diagnostic) -> String {
    let sources = sources.into();
    let place = Place::of_root(sources.map, diagnostic.span());
    let prefix = place.map_or(String::new(), |place| {
        let file = clean::line(&place.file);
        format!("{file}:{}:{}: ", place.line, place.col)
    });
    let severity = match diagnostic.remark {
        Some(_) => "remark".to_owned(),
        None => format!("{}[{}]", severity_word(diagnostic.severity), diagnostic.code),
    };
    let message = clean::line(&diagnostic.message);
    let flag = flag_suffix(diagnostic);
    format!("{prefix}{severity}: {message}{flag}")
}

/// ` [-Wunused-variable]`: how to switch it off, where other compilers say it. Of a remark: how it
/// was asked for.
fn flag_suffix(diagnostic: &Diagnostic) -> String {
    if let Some((kind, pass)) = diagnostic.remark.as_deref() {
        return format!(" [{}={pass}]", kind.option());
    }
    match (diagnostic.flag, diagnostic.is_promoted) {
        (None, _) => String::new(),
        (Some(flag), false) => format!(" [-W{}]", flag.name()),
        (Some(flag), true) => format!(" [-Werror,-W{}]", flag.name()),
    }
}

/// `2 errors, 1 warning`; `None` when there is nothing to sum up.
pub fn summary(diagnostics: &[Diagnostic]) -> Option<String> {
    let count = |severity| diagnostics.iter().filter(|d| d.severity == severity).count();
    summary_of(count(Severity::Error), count(Severity::Warning))
}

/// [`summary`] of counts: for callers that kept only those.
pub fn summary_of(n_errors: usize, n_warnings: usize) -> Option<String> {
    let part = |n: usize, word: &str| match n {
        0 => None,
        1 => Some(format!("1 {word}")),
        _ => Some(format!("{n} {word}s")),
    };
    match (part(n_errors, "error"), part(n_warnings, "warning")) {
        (None, None) => None,
        (Some(one), None) | (None, Some(one)) => Some(one),
        (Some(errors), Some(warnings)) => Some(format!("{errors}, {warnings}")),
    }
}

/// The word that every form uses.
fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Remark => "remark",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

#[cfg(test)]
mod tests;
