//! What must hold for any input, and what an input shows of the parser.

use super::spans::Spans;
use bpfc_base::{FileId, Idx, Session, Span};
use bpfc_parser::ast::{Item, TranslationUnit};
use bpfc_parser::deferred::DeferredId;
use bpfc_parser::{
    Deferral, FileProvider, IncludeRequest, LoadedFile, NoTypeNames, PpOptions, Predefined,
    dump_ast, parse_tokens, preprocess,
};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::discriminant;
use std::sync::Arc;

/// What follows it in an input is the header that `#include <h.h>` finds.
pub const HEADER_MARK: &[u8] = b"\n//@ file h.h\n";

/// Expressions, statements and so on that one byte of input may make.
const NODES_PER_BYTE: usize = 64;

struct Header(Arc<str>);

impl FileProvider for Header {
    fn load(&mut self, request: &IncludeRequest<'_>) -> Option<LoadedFile> {
        (request.name == "h.h").then(|| LoadedFile {
            name: "h.h".into(),
            text: Arc::clone(&self.0),
            is_user: true,
            directory: 0,
        })
    }
}

struct Parsed {
    session: Session,
    unit: TranslationUnit,
    /// Trees of deferred declarations.
    later: Vec<TranslationUnit>,
    n_tokens: usize,
}

/// Parses `input` in both ways. What it shows: hashes of reports and of nodes in nodes.
pub fn check(input: &[u8], predefined: Predefined) -> Result<HashSet<u64>, String> {
    let mark = input.windows(HEADER_MARK.len()).position(|window| window == HEADER_MARK);
    let (main, header) = match mark {
        Some(at) => (&input[..at], &input[at + HEADER_MARK.len()..]),
        None => (input, &[][..]),
    };
    let header: Arc<str> = String::from_utf8_lossy(header).into();
    let options = |deferral| PpOptions { deferral, predefined, ..PpOptions::default() };
    let at_once = parse(main, &header, &options(Deferral::None));
    valid(&at_once, input.len())?;
    if main.windows(8).any(|window| window == b"#include") {
        let deferred = parse(main, &header, &options(Deferral::Headers));
        valid(&deferred, input.len())?;
        // What is right at once is right later; that mistakes may be found in different
        // words, or not at all, is as it should be.
        if at_once.session.diagnostics.iter().next().is_none() {
            same(&at_once, &deferred)?;
        }
    }
    Ok(features(&at_once))
}

fn parse(main: &[u8], header: &Arc<str>, options: &PpOptions) -> Parsed {
    let mut session = Session::default();
    let text = String::from_utf8_lossy(main);
    let file: FileId =
        session.sources.add("fuzz.c", text.as_ref(), true).expect("inputs are small");
    let mut provider = Header(Arc::clone(header));
    let stream = preprocess(&mut session, file, options, &mut provider);
    let n_tokens = stream.tokens.len();
    let unit = parse_tokens(&mut session, &stream, &mut NoTypeNames);
    let later = (0..unit.deferred.len())
        .map(|at| unit.deferred.parse(&mut session, DeferredId::new(at), &mut NoTypeNames).clone())
        .collect();
    Parsed { session, unit, later, n_tokens }
}

fn valid(parsed: &Parsed, n_bytes: usize) -> Result<(), String> {
    let session = &parsed.session;
    let mut spans = Spans::default();
    for unit in std::iter::once(&parsed.unit).chain(&parsed.later) {
        spans.unit(unit);
    }
    for diagnostic in session.diagnostics.iter() {
        spans.diagnostic(diagnostic);
        // The renderer cuts text at the ends of spans.
        let text = bpfc_base::render::render(
            session,
            std::slice::from_ref(diagnostic),
            bpfc_base::render::Format::Human(bpfc_base::render::Color::Never),
        );
        if text.is_empty() {
            return Err("a report shows as nothing".to_owned());
        }
    }
    for span in spans.all {
        valid_span(session, span)?;
    }
    // Macros make tokens of nothing: there the nodes follow the tokens.
    let n_nodes = parsed.unit.exprs.len() + parsed.unit.stmts.len() + parsed.unit.tag_specs.len();
    let allowed = NODES_PER_BYTE * (n_bytes + parsed.n_tokens + 16);
    match n_nodes > allowed {
        true => Err(format!("{n_nodes} nodes of {n_bytes} bytes")),
        false => Ok(()),
    }
}

fn valid_span(session: &Session, span: Span) -> Result<(), String> {
    if span.is_none() {
        return Ok(());
    }
    let sources = &session.sources;
    let bad = |why: &str| Err(format!("span {span:?} {why}"));
    if span.lo > span.hi {
        return bad("ends before it starts");
    }
    let Some(file) = sources.file_at(span.lo) else {
        return bad("is in no file");
    };
    if sources.file_at(span.hi) != Some(file) {
        return bad("ends in another file");
    }
    let file = sources.file(file);
    let (lo, hi) = ((span.lo - file.start) as usize, (span.hi - file.start) as usize);
    if file.text.get(lo..hi).is_none() {
        return bad("cuts a character");
    }
    let mut inner = span.expn;
    while let Some(expansion) = sources.expansion(inner) {
        let outer = expansion.call_site.expn;
        if outer >= inner {
            return bad("is in an expansion in itself");
        }
        inner = outer;
    }
    Ok(())
}

fn same(at_once: &Parsed, deferred: &Parsed) -> Result<(), String> {
    if let Some(report) = deferred.session.diagnostics.iter().next() {
        return Err(format!("reported only when deferred: {}", report.message));
    }
    let mut later = deferred.later.iter();
    let mut text = String::new();
    for item in &deferred.unit.items {
        match item {
            Item::Deferred(range) => {
                for unit in later.by_ref().take(range.len()) {
                    text += &dump_ast(&deferred.session, unit);
                }
            }
            item => {
                let unit = &deferred.unit;
                let one = TranslationUnit {
                    items: vec![item.clone()],
                    exprs: unit.exprs.clone(),
                    stmts: unit.stmts.clone(),
                    type_names: unit.type_names.clone(),
                    tag_specs: unit.tag_specs.clone(),
                    ..TranslationUnit::default()
                };
                text += &dump_ast(&deferred.session, &one);
            }
        }
    }
    let whole = dump_ast(&at_once.session, &at_once.unit);
    match plain(&text) == plain(&whole) {
        true => Ok(()),
        false => Err("another tree when deferred".to_owned()),
    }
}

/// A dump without the numbers of tags, which count per tree.
fn plain(dump: &str) -> String {
    let mut parts = dump.split("<tag");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out += "<tag";
        out += part.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    out
}

/// What the input shows: which reports, and which nodes stand in which.
fn features(parsed: &Parsed) -> HashSet<u64> {
    let mut seen = HashSet::new();
    let mut add = |feature: &dyn Fn(&mut DefaultHasher)| {
        let mut hasher = DefaultHasher::new();
        feature(&mut hasher);
        seen.insert(hasher.finish());
    };
    for diagnostic in parsed.session.diagnostics.iter() {
        // Names in backticks are the input's.
        let words: Vec<&str> = diagnostic.message.split('`').step_by(2).collect();
        add(&|hasher| (diagnostic.code.name(), &words).hash(hasher));
    }
    let unit = &parsed.unit;
    for pair in unit.exprs.as_slice().windows(2) {
        add(&|hasher| {
            (0, discriminant(&pair[0].kind), discriminant(&pair[1].kind)).hash(hasher);
        });
    }
    for pair in unit.stmts.as_slice().windows(2) {
        add(&|hasher| {
            (1, discriminant(&pair[0].kind), discriminant(&pair[1].kind)).hash(hasher);
        });
    }
    for name in unit.type_names.iter() {
        let shape: Vec<_> = name.declarator.derived.iter().map(discriminant).take(3).collect();
        add(&|hasher| (2, discriminant(&name.specs.ty), &shape).hash(hasher));
    }
    for item in &unit.items {
        add(&|hasher| (3, discriminant(item)).hash(hasher));
    }
    seen
}
