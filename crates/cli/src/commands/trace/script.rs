//! The language of one-liners: `PROBE[, PROBE…] [/FILTER/] [{ ACTION[; ACTION…] }]`, where what stands between is C.

use super::expr::is_keyword;
use super::words::{Kind, Word, words};
use bpfc_base::codes::parse::{E0201, E0204};
use bpfc_base::{Diagnostic, Span};
use std::ops::Range;

/// How deep brackets may be nested.
const MAX_DEPTH: usize = 64;
/// Longest text that is copied from memory, in bytes.
const MAX_TEXT: u32 = 4096;

/// A whole one-liner.
#[derive(Debug)]
pub struct Script {
    pub clauses: Vec<Clause>,
}

/// What to do at some probes.
#[derive(Debug)]
pub struct Clause {
    pub probes: Vec<Range<usize>>,
    pub filter: Option<Range<usize>>,
    pub actions: Vec<Action>,
}

/// One thing to do.
#[derive(Debug)]
pub enum Action {
    /// Print a line.
    Print(Vec<Column>),
    /// `@map[keys] = function(value)`.
    Update { map: MapUse, function: Function, value: Option<Range<usize>> },
    /// `@map[keys] = value`.
    Store { map: MapUse, value: Range<usize> },
    /// `delete(@map[keys])`.
    Delete(MapUse),
}

/// What is printed, or a part of a key.
#[derive(Debug)]
pub struct Column {
    /// From `name = value`.
    pub name: Option<String>,
    pub value: Value,
    pub at: Range<usize>,
}

/// What is taken.
#[derive(Debug)]
pub enum Value {
    /// The name of the process.
    Comm,
    /// All that the probe gives.
    Args,
    /// The kernel's stack, or the process's.
    Stack { is_user: bool },
    /// `str(pointer, size)`.
    Text { of: Range<usize>, size: Option<u32>, memory: Memory },
    /// An expression of C.
    Plain(Range<usize>),
}

/// Whose memory a text is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// What the probe's pointers point to.
    OfProbe,
    User,
    Kernel,
}

/// `@name[keys]`
#[derive(Debug)]
pub struct MapUse {
    /// Empty for `@`.
    pub name: String,
    pub keys: Vec<Column>,
    pub at: Range<usize>,
}

/// What a map collects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    Count,
    Sum,
    Min,
    Max,
    Avg,
    Stats,
    Hist,
}

impl Function {
    /// All, by their names.
    pub const ALL: [(&'static str, Function); 7] = [
        ("count", Function::Count),
        ("sum", Function::Sum),
        ("min", Function::Min),
        ("max", Function::Max),
        ("avg", Function::Avg),
        ("stats", Function::Stats),
        ("hist", Function::Hist),
    ];

    /// What a map without a name is called.
    pub fn map_name(self) -> &'static str {
        match self {
            Function::Count => "counts",
            Function::Sum => "sums",
            Function::Min => "minima",
            Function::Max => "maxima",
            Function::Avg => "averages",
            Function::Stats => "statistics",
            Function::Hist => "histogram",
        }
    }
}

/// Reads a one-liner; its first byte is at `base` of the session's sources.
pub fn parse(text: &str, base: u32) -> Result<Script, Diagnostic> {
    let mut parser = Parser { text, base, at: 0 };
    let mut clauses = Vec::new();
    parser.skip_blanks();
    while parser.at < text.len() {
        clauses.push(parser.clause()?);
        parser.skip_blanks();
    }
    if clauses.is_empty() {
        let diagnostic = parser.wrong(0..text.len(), "there is nothing to trace");
        return Err(diagnostic.with_help(
            "for example: `tracepoint:syscalls:sys_enter_openat { comm, args.filename }`",
        ));
    }
    Ok(Script { clauses })
}

struct Parser<'t> {
    text: &'t str,
    base: u32,
    at: usize,
}

impl Parser<'_> {
    fn wrong(&self, at: Range<usize>, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(E0201, span(self.base, &at), message)
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at +=
            rest.len() - rest.trim_start_matches(|c: char| c.is_whitespace() || c == ';').len();
    }

    fn clause(&mut self) -> Result<Clause, Diagnostic> {
        let probes = self.probes()?;
        self.skip_blanks();
        let filter = match self.rest().starts_with('/') {
            true => Some(self.filter()?),
            false => None,
        };
        self.skip_blanks();
        let rest = self.rest();
        if !rest.starts_with('{') {
            let at = self.at..self.at + rest.chars().next().map_or(0, char::len_utf8);
            let found = if at.is_empty() { "the end" } else { &self.text[at.clone()] };
            let message = format!("expected `{{`, found `{found}`");
            return Err(self.wrong(at, message).with_help("`PROBE /FILTER/ { ACTION; ACTION }`"));
        }
        let body = self.body()?;
        let actions = self.actions(body.clone())?;
        match actions.is_empty() {
            true => Err(self.wrong(body.start - 1..body.end + 1, "there is nothing to do")),
            false => Ok(Clause { probes, filter, actions }),
        }
    }

    /// Words up to a blank that no comma stands before. A comma begins a probe if what follows names a kind, an option otherwise.
    fn probes(&mut self) -> Result<Vec<Range<usize>>, Diagnostic> {
        let mut probes: Vec<Range<usize>> = Vec::new();
        loop {
            let rest = self.rest();
            let len = rest
                .find(|c: char| c.is_whitespace() || c == '{' || c == ',')
                .unwrap_or(rest.len());
            let word = self.at..self.at + len;
            let is_option = rest[..len].contains('=') && !rest[..len].contains(':');
            match probes.last_mut().filter(|_| is_option) {
                Some(last) => last.end = word.end,
                None if len == 0 => {
                    return Err(
                        self.wrong(self.at..self.at, "expected a probe, such as `kprobe:vfs_read`")
                    );
                }
                None => probes.push(word),
            }
            self.at += len;
            let rest = self.rest();
            let Some(behind) = rest.trim_start().strip_prefix(',') else {
                return Ok(probes);
            };
            self.at += rest.len() - behind.trim_start().len();
        }
    }

    /// What is between a slash and the one before the actions.
    fn filter(&mut self) -> Result<Range<usize>, Diagnostic> {
        let from = self.at + 1;
        let mut all = words(self.text, from..self.text.len());
        let is_slash = |word: &Word| &self.text[word.at.clone()] == "/";
        let ends = |word: &Word| {
            let behind = self.text[word.at.end..].trim_start();
            behind.is_empty() || behind.starts_with('{')
        };
        let Some(end) = all.by_ref().filter(is_slash).find(ends) else {
            let diagnostic =
                Diagnostic::new(E0204, span(self.base, &(self.at..from)), "the filter has no end");
            return Err(
                diagnostic.with_help("a filter is an expression between slashes: `/pid == 42/`")
            );
        };
        self.at = end.at.end;
        let filter = trimmed(self.text, from..end.at.start);
        if filter.is_empty() {
            return Err(self.wrong(from - 1..self.at, "the filter is empty"));
        }
        Ok(filter)
    }

    /// What is between braces.
    fn body(&mut self) -> Result<Range<usize>, Diagnostic> {
        let from = self.at;
        let end = closing(self.text, from..self.text.len(), self.base)?;
        self.at = end + 1;
        Ok(from + 1..end)
    }

    fn actions(&self, body: Range<usize>) -> Result<Vec<Action>, Diagnostic> {
        let parts = split(self.text, body, ';', self.base)?;
        parts.into_iter().filter(|part| !part.is_empty()).map(|part| self.action(part)).collect()
    }

    fn action(&self, at: Range<usize>) -> Result<Action, Diagnostic> {
        let text = &self.text[at.clone()];
        if text.starts_with('@')
            && let Some(equals) =
                words(self.text, at.clone()).find(|word| &self.text[word.at.clone()] == "=")
        {
            let map = self.map_use(trimmed(self.text, at.start..equals.at.start))?;
            return self.assignment(map, trimmed(self.text, equals.at.end..at.end));
        }
        if text.starts_with('@')
            && let Some(plus) = text.strip_suffix("++")
        {
            let map = self.map_use(trimmed(self.text, at.start..at.start + plus.len()))?;
            return Ok(Action::Update { map, function: Function::Count, value: None });
        }
        if let Some((name, inner)) = self.call(&at)? {
            match name {
                "delete" => return Ok(Action::Delete(self.map_use(inner)?)),
                "printf" => {
                    let diagnostic = self.wrong(at, "values are printed as columns");
                    return Err(diagnostic.with_help("list them: `{ comm, args.filename }`"));
                }
                "exit" => {
                    let diagnostic = self.wrong(at, "a one-liner does not end itself");
                    return Err(diagnostic.with_help("give `--count`, `--duration` or `--exit-on`"));
                }
                "print" | "clear" | "zero" => {
                    let diagnostic = self.wrong(at, format!("there is no `{name}`"));
                    return Err(diagnostic.with_help(
                        "maps are printed at the end, and with `--watch` every second",
                    ));
                }
                _ if Function::ALL.iter().any(|(function, _)| *function == name) => {
                    let help = format!(
                        "keep it in a map: `@ = {text}`, or for each process `@[comm] = {text}`"
                    );
                    return Err(self
                        .wrong(at, format!("`{name}` collects, and has nowhere to"))
                        .with_help(help));
                }
                _ => {}
            }
        }
        Ok(Action::Print(self.columns(at)?))
    }

    fn assignment(&self, map: MapUse, value: Range<usize>) -> Result<Action, Diagnostic> {
        if value.is_empty() {
            return Err(self.wrong(map.at, "nothing is assigned"));
        }
        let Some((name, inner)) = self.call(&value)? else {
            return Ok(Action::Store { map, value });
        };
        let Some((_, function)) = Function::ALL.iter().find(|(known, _)| *known == name) else {
            if matches!(name, "lhist" | "tseries" | "llhist") {
                let diagnostic = self.wrong(value, format!("there is no `{name}`"));
                return Err(diagnostic.with_help("`hist` has a bar for each power of two"));
            }
            return Ok(Action::Store { map, value });
        };
        let is_count = *function == Function::Count;
        match (is_count, inner.is_empty()) {
            (true, false) => Err(self
                .wrong(inner, "`count` takes nothing: it counts how often the probe is reached")),
            (false, true) => Err(self.wrong(value, format!("`{name}` takes a number"))),
            _ => {
                Ok(Action::Update { map, function: *function, value: (!is_count).then_some(inner) })
            }
        }
    }

    /// `name(inner)`, if that is all there is.
    fn call(&self, at: &Range<usize>) -> Result<Option<(&str, Range<usize>)>, Diagnostic> {
        let all: Vec<Word> = words(self.text, at.clone()).take(2).collect();
        let [name, open] = all.as_slice() else { return Ok(None) };
        if name.kind != Kind::Name || &self.text[open.at.clone()] != "(" {
            return Ok(None);
        }
        let end = closing(self.text, open.at.start..at.end, self.base)?;
        let is_all = end + 1 == at.end;
        Ok(is_all.then(|| (&self.text[name.at.clone()], trimmed(self.text, open.at.end..end))))
    }

    pub fn map_use(&self, at: Range<usize>) -> Result<MapUse, Diagnostic> {
        map_use(self.text, at, self.base)
    }

    fn columns(&self, at: Range<usize>) -> Result<Vec<Column>, Diagnostic> {
        columns(self.text, at, self.base)
    }
}

/// Reads `@name[keys]`.
pub fn map_use(text: &str, at: Range<usize>, base: u32) -> Result<MapUse, Diagnostic> {
    let wrong =
        |at: &Range<usize>, message: &str| Err(Diagnostic::new(E0201, span(base, at), message));
    if !text[at.clone()].starts_with('@') {
        return wrong(&at, "expected a map, such as `@opens[comm]`");
    }
    let from = at.start + 1;
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let len = text[from..at.end].find(|c| !is_part(c)).unwrap_or(at.end - from);
    let name = text[from..from + len].to_owned();
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return wrong(&at, "the name of a map begins with a letter");
    }
    let rest = trimmed(text, from + len..at.end);
    if rest.is_empty() {
        return Ok(MapUse { name, keys: Vec::new(), at });
    }
    if !text[rest.clone()].starts_with('[') || closing(text, rest.clone(), base)? + 1 != rest.end {
        return wrong(&rest, "expected keys in brackets, such as `[comm]`");
    }
    let keys = columns(text, rest.start + 1..rest.end - 1, base)?;
    if keys.iter().any(|key| matches!(key.value, Value::Args)) {
        return wrong(&rest, "`args` stands for several values; name one: `args.NAME`");
    }
    Ok(MapUse { name, keys, at })
}

fn columns(text: &str, at: Range<usize>, base: u32) -> Result<Vec<Column>, Diagnostic> {
    let parts = split(text, at, ',', base)?;
    parts.into_iter().map(|part| column(text, part, base)).collect()
}

fn column(text: &str, at: Range<usize>, base: u32) -> Result<Column, Diagnostic> {
    if at.is_empty() {
        return Err(Diagnostic::new(E0201, span(base, &at), "expected a value"));
    }
    let all: Vec<Word> = words(text, at.clone()).take(2).collect();
    let (name, of) = match all.as_slice() {
        [name, equals] if name.kind == Kind::Name && &text[equals.at.clone()] == "=" => {
            (Some(text[name.at.clone()].to_owned()), trimmed(text, equals.at.end..at.end))
        }
        _ => (None, at.clone()),
    };
    if of.is_empty() {
        return Err(Diagnostic::new(E0201, span(base, &at), "nothing is assigned"));
    }
    let value = value(text, of.clone(), base)?;
    if let Some(name) = name.as_ref().filter(|name| is_keyword(name)) {
        let message = format!("`{name}` cannot be the name of a column");
        return Err(Diagnostic::new(E0201, span(base, &at), message));
    }
    if name.is_some() && matches!(value, Value::Args) {
        return Err(Diagnostic::new(
            E0201,
            span(base, &at),
            "`args` stands for several values, which have names",
        ));
    }
    Ok(Column { name, value, at: of })
}

/// What a part of a one-liner stands for.
pub fn value(text: &str, at: Range<usize>, base: u32) -> Result<Value, Diagnostic> {
    Ok(match &text[at.clone()] {
        "comm" => Value::Comm,
        "args" => Value::Args,
        "kstack" | "kstack()" => Value::Stack { is_user: false },
        "ustack" | "ustack()" => Value::Stack { is_user: true },
        _ => text_value(text, &at, base)?.unwrap_or(Value::Plain(at)),
    })
}

/// `str(pointer[, size])`, if that is what it is.
fn text_value(text: &str, at: &Range<usize>, base: u32) -> Result<Option<Value>, Diagnostic> {
    let memories = [("str", Memory::OfProbe), ("ustr", Memory::User), ("kstr", Memory::Kernel)];
    let all: Vec<Word> = words(text, at.clone()).take(2).collect();
    let [name, open] = all.as_slice() else { return Ok(None) };
    let Some((_, memory)) = memories.iter().find(|(known, _)| *known == &text[name.at.clone()])
    else {
        return Ok(None);
    };
    if &text[open.at.clone()] != "(" || closing(text, open.at.start..at.end, base)? + 1 != at.end {
        return Ok(None);
    }
    let parts = split(text, open.at.end..at.end - 1, ',', base)?;
    let (of, size) = match parts.as_slice() {
        [of] if !of.is_empty() => (of.clone(), None),
        [of, size] => {
            let number =
                text[size.clone()].parse().ok().filter(|size| (1..=MAX_TEXT).contains(size));
            let Some(number) = number else {
                let message = format!("the size of a text is a number from 1 to {MAX_TEXT}");
                return Err(Diagnostic::new(E0201, span(base, size), message));
            };
            (of.clone(), Some(number))
        }
        _ => {
            return Err(Diagnostic::new(
                E0201,
                span(base, at),
                "expected `str(POINTER)` or `str(POINTER, SIZE)`",
            ));
        }
    };
    Ok(Some(Value::Text { of, size, memory: *memory }))
}

/// Where the bracket is that closes the one at the beginning.
pub fn closing(text: &str, at: Range<usize>, base: u32) -> Result<usize, Diagnostic> {
    let mut open: Vec<(usize, char)> = Vec::new();
    for word in words(text, at.clone()) {
        let Some(c) = text[word.at.clone()].chars().next().filter(|_| word.kind == Kind::Other)
        else {
            continue;
        };
        if let Some(wanted) = partner(c) {
            open.push((word.at.start, wanted));
            if open.len() > MAX_DEPTH {
                return Err(Diagnostic::new(
                    E0201,
                    span(base, &word.at),
                    "brackets are nested too deep",
                ));
            }
        } else if matches!(c, ')' | ']' | '}') {
            match open.pop() {
                Some((_, wanted)) if wanted == c => {}
                Some((from, _)) => return Err(never_closed(text, from, base)),
                None => {
                    let message = format!("`{c}` closes nothing");
                    return Err(Diagnostic::new(E0201, span(base, &word.at), message));
                }
            }
            if open.is_empty() {
                return Ok(word.at.start);
            }
        }
    }
    Err(never_closed(text, open.last().map_or(at.start, |(from, _)| *from), base))
}

fn never_closed(text: &str, from: usize, base: u32) -> Diagnostic {
    let shown = text[from..].chars().next().unwrap_or(' ');
    let at = span(base, &(from..from + shown.len_utf8()));
    Diagnostic::new(E0204, at, format!("this `{shown}` is never closed"))
}

fn partner(open: char) -> Option<char> {
    match open {
        '(' => Some(')'),
        '[' => Some(']'),
        '{' => Some('}'),
        _ => None,
    }
}

/// The parts between separators that are in no brackets.
pub fn split(
    text: &str,
    at: Range<usize>,
    separator: char,
    base: u32,
) -> Result<Vec<Range<usize>>, Diagnostic> {
    let mut parts = Vec::new();
    let mut from = at.start;
    let mut until = at.start;
    for word in words(text, at.clone()) {
        if word.at.start < until {
            continue;
        }
        let first = text[word.at.clone()].chars().next().filter(|_| word.kind == Kind::Other);
        match first {
            Some(c) if partner(c).is_some() => {
                until = closing(text, word.at.start..at.end, base)? + 1
            }
            Some(c @ (')' | ']' | '}')) => {
                return Err(Diagnostic::new(
                    E0201,
                    span(base, &word.at),
                    format!("`{c}` closes nothing"),
                ));
            }
            Some(c) if c == separator => {
                parts.push(trimmed(text, from..word.at.start));
                from = word.at.end;
            }
            _ => {}
        }
    }
    parts.push(trimmed(text, from..at.end));
    Ok(parts)
}

/// Without blanks around.
pub fn trimmed(text: &str, at: Range<usize>) -> Range<usize> {
    let part = &text[at.clone()];
    let from = at.start + (part.len() - part.trim_start().len());
    from..from + part.trim().len()
}

/// Where a part of a one-liner is in the session's sources.
pub fn span(base: u32, at: &Range<usize>) -> Span {
    let place = |offset: usize| base.saturating_add(u32::try_from(offset).unwrap_or(u32::MAX));
    Span::new(place(at.start), place(at.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Script {
        parse(text, 0).unwrap_or_else(|error| panic!("{text}: {}", error.message))
    }

    fn message(text: &str) -> String {
        parse(text, 0).unwrap_err().message
    }

    #[test]
    fn probes_filters_and_actions() {
        let text = "uprobe:/bin/bash:readline,pid=7, kprobe:vfs_* /pid == 4 / 2/ { pid; comm, n = arg1; @x[comm, arg2] = hist(arg3) }";
        let script = read(text);
        let [clause] = script.clauses.as_slice() else { panic!("{script:?}") };
        let probes: Vec<&str> = clause.probes.iter().map(|at| &text[at.clone()]).collect();
        assert_eq!(probes, ["uprobe:/bin/bash:readline,pid=7", "kprobe:vfs_*"]);
        assert_eq!(&text[clause.filter.clone().unwrap()], "pid == 4 / 2");
        let [
            Action::Print(first),
            Action::Print(columns),
            Action::Update { map, function: Function::Hist, value: Some(value) },
        ] = clause.actions.as_slice()
        else {
            panic!("{clause:?}")
        };
        assert!(matches!(first[0].value, Value::Plain(_)));
        assert!(matches!(columns[0].value, Value::Comm));
        assert_eq!(columns[1].name.as_deref(), Some("n"));
        assert_eq!((map.name.as_str(), map.keys.len()), ("x", 2));
        assert_eq!(&text[value.clone()], "arg3");
        assert_eq!(read("tp:a:b{comm} tp:a:c { @++ }").clauses.len(), 2);
    }

    #[test]
    fn texts_have_sizes() {
        let script = read("u:c:puts { s = ustr(arg0, 16) }");
        let [Action::Print(columns)] = script.clauses[0].actions.as_slice() else { panic!() };
        assert!(matches!(
            columns[0].value,
            Value::Text { size: Some(16), memory: Memory::User, .. }
        ));
        assert_eq!(
            message("k:f { str(arg0, 0) }"),
            "the size of a text is a number from 1 to 4096"
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(message(" "), "there is nothing to trace");
        assert_eq!(message("k:f {}"), "there is nothing to do");
        assert_eq!(message("k:f { a"), "this `{` is never closed");
        assert_eq!(message("k:f { a) }"), "this `{` is never closed");
        assert_eq!(message("k:f /pid == 4 { a }"), "the filter has no end");
        assert_eq!(message("k:f // { a }"), "the filter is empty");
        assert_eq!(message("k:f { a,, b }"), "expected a value");
        assert_eq!(message("k:f { printf(\"x\") }"), "values are printed as columns");
        assert_eq!(message("k:f { count() }"), "`count` collects, and has nowhere to");
        assert_eq!(message("k:f { @ = hist() }"), "`hist` takes a number");
        assert_eq!(message("k:f, { a }"), "expected a probe, such as `kprobe:vfs_read`");
        assert_eq!(message("k:f ü"), "expected `{`, found `ü`");
        assert_eq!(
            message(&format!("k:f {{ {} }}", "(".repeat(100_000))),
            "brackets are nested too deep"
        );
    }
}
