//! Expressions: C, in which some names stand for what a probe knows.

use super::place::{Kind as PlaceKind, Place};
use super::script::{self, Column, Memory, Value, map_use, span};
use super::text::Text;
use super::types::{Types, map_end};
use super::words::{Kind, Word, words};
use super::write::Maps;
use bpfc_base::Diagnostic;
use bpfc_base::codes::parse::E0201;
use bpfc_base::codes::types::E0301;
use bpfc_base::similar::most_similar;
use std::collections::BTreeSet;
use std::ops::Range;

/// Names that every probe knows, and what they are in C.
#[rustfmt::skip]
const BUILTINS: [(&str, &str); 10] = [
    ("pid", "(u32)(bpf_get_current_pid_tgid() >> 32)"),
    ("tid", "(u32)bpf_get_current_pid_tgid()"),
    ("uid", "(u32)bpf_get_current_uid_gid()"),
    ("gid", "(u32)(bpf_get_current_uid_gid() >> 32)"),
    ("cpu", "bpf_get_smp_processor_id()"),
    ("nsecs", "bpf_ktime_get_ns()"),
    ("cgroup", "bpf_get_current_cgroup_id()"),
    ("rand", "bpf_get_prandom_u32()"),
    ("curtask", "((struct task_struct *)bpf_get_current_task())"),
    ("ppid", "((struct task_struct *)bpf_get_current_task())->real_parent->tgid"),
];

/// Where expressions are: in the function of one probe.
pub struct Scope<'s> {
    pub source: &'s str,
    pub base: u32,
    pub place: &'s Place,
    /// Of the probe.
    pub number: usize,
    /// None while only types are asked for.
    pub maps: Option<&'s Maps>,
    /// The same.
    pub types: Option<&'s Types>,
    /// Names that the writer must not use.
    pub taken: &'s BTreeSet<String>,
    /// Which arguments are used.
    pub used: BTreeSet<usize>,
    /// Texts that are compared: how each is read, and how many bytes of it.
    pub texts: Vec<(Text, String)>,
}

impl Scope<'_> {
    fn wrong(&self, at: &Range<usize>, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(E0201, span(self.base, at), message)
    }

    /// A name that means nothing else here.
    pub fn fresh(&self, name: &str) -> String {
        let mut name = name.to_owned();
        while self.taken.contains(&name) {
            name.push('_');
        }
        name
    }

    /// The C of an expression.
    pub fn translate(&mut self, at: Range<usize>) -> Result<Text, Diagnostic> {
        let all: Vec<Word> = words(self.source, at.clone()).collect();
        let comparisons = self.comparisons(&all);
        let mut out = Text::default();
        let (mut next, mut from) = (0, at.start);
        while next < all.len() {
            if let Some(comparison) = comparisons.iter().find(|it| it.first == next) {
                self.gap(&mut out, from, all[next].at.start);
                let written = self.comparison(&all, comparison)?;
                out.append(&written);
                next = comparison.last + 1;
            } else {
                self.gap(&mut out, from, all[next].at.start);
                next = self.word(&all, next, at.end, &mut out)?;
            }
            from = all[next - 1].at.end;
        }
        Ok(out)
    }

    fn gap(&self, out: &mut Text, from: usize, until: usize) {
        if from < until {
            out.copy(self.source, from..until);
        }
    }

    fn text(&self, word: &Word) -> &str {
        &self.source[word.at.clone()]
    }

    /// Writes one word, or as many as belong together; the number of the next.
    fn word(
        &mut self,
        all: &[Word],
        number: usize,
        end: usize,
        out: &mut Text,
    ) -> Result<usize, Diagnostic> {
        let word = &all[number];
        let is_member = number > 0 && matches!(self.text(&all[number - 1]), "." | "->");
        match word.kind {
            Kind::Map => return self.map_read(all, number, end, out),
            Kind::Name if is_member => out.copy(self.source, word.at.clone()),
            Kind::Name if self.text(word) == "args" => return self.argument(all, number, out),
            Kind::Name => self.name(word, out)?,
            _ => out.copy(self.source, word.at.clone()),
        }
        Ok(number + 1)
    }

    fn name(&mut self, word: &Word, out: &mut Text) -> Result<(), Diagnostic> {
        let name = self.text(word).to_owned();
        if name == "func" {
            let c = match self.place.kind {
                PlaceKind::Kprobe | PlaceKind::Uprobe => "PT_REGS_IP(ctx)",
                PlaceKind::Kretprobe | PlaceKind::Fentry | PlaceKind::Fexit => {
                    "bpf_get_func_ip(ctx)"
                }
                _ => return Err(self.wrong(&word.at, "no function is called here")),
            };
            out.push(c);
            return Ok(());
        }
        if let Some((_, c)) = BUILTINS.iter().find(|(known, _)| *known == name) {
            out.push(c);
            return Ok(());
        }
        if name == "retval" {
            let c = self.returned().ok_or_else(|| {
                let diagnostic = self.wrong(&word.at, "nothing is returned here");
                diagnostic.with_help("trace a return: kretprobe, fexit, uretprobe, or tracepoint:syscalls:sys_exit_…")
            })?;
            out.push(&c);
            return Ok(());
        }
        if let Some(number) =
            name.strip_prefix("arg").and_then(|digits| digits.parse::<usize>().ok())
        {
            let c = self.place.register(number).ok_or_else(|| {
                let diagnostic = self.wrong(&word.at, format!("there is no `{name}` here"));
                match self.place.kind {
                    PlaceKind::Tracepoint => diagnostic.with_help("fields of tracepoints have names: `args.NAME`; `args` alone prints them all"),
                    PlaceKind::Kretprobe | PlaceKind::Uretprobe => diagnostic.with_help("arguments are gone when a function returns: keep them in a map when it is called, `@start[tid] = arg0`"),
                    _ => diagnostic,
                }
            })?;
            self.used.insert(number);
            out.push(&c);
            return Ok(());
        }
        if matches!(name.as_str(), "comm" | "kstack" | "ustack" | "str" | "ustr" | "kstr") {
            let message = format!("`{name}` cannot be a part of an expression");
            return Err(self.wrong(&word.at, message).with_help(
                "print it, use it as a key, or compare it with a text: `comm == \"bash\"`",
            ));
        }
        out.copy(self.source, word.at.clone());
        Ok(())
    }

    fn returned(&self) -> Option<String> {
        match self.place.kind {
            PlaceKind::Kretprobe => {
                let ty = self.place.ret.as_deref().filter(|ty| *ty != "void" && !ty.contains('{'));
                Some(format!("(({})PT_REGS_RC(ctx))", ty.unwrap_or("long")))
            }
            PlaceKind::Uretprobe => Some("((long)PT_REGS_RC(ctx))".to_owned()),
            PlaceKind::Fexit => Some("retval".to_owned()),
            PlaceKind::Tracepoint if self.place.params.iter().any(|param| param.name == "ret") => {
                Some("args->ret".to_owned())
            }
            _ => None,
        }
    }

    /// `args.name`
    fn argument(
        &mut self,
        all: &[Word],
        number: usize,
        out: &mut Text,
    ) -> Result<usize, Diagnostic> {
        let word = &all[number];
        let (Some(dot), Some(name)) = (all.get(number + 1), all.get(number + 2)) else {
            return Err(self
                .wrong(&word.at, "`args` cannot be a part of an expression")
                .with_help("name one: `args.NAME`"));
        };
        if !matches!(self.text(dot), "." | "->") || name.kind != Kind::Name {
            return Err(self
                .wrong(&word.at, "`args` cannot be a part of an expression")
                .with_help("name one: `args.NAME`"));
        }
        let place = self.place;
        if place.kind == PlaceKind::Tracepoint && place.record().is_some() {
            out.push("args->");
            out.copy(self.source, name.at.clone());
            return Ok(number + 3);
        }
        let shown = self.text(name).to_owned();
        let is_gone = matches!(place.kind, PlaceKind::Kretprobe | PlaceKind::Uretprobe);
        match place.params.iter().position(|param| param.name == shown).filter(|_| !is_gone) {
            Some(at) => {
                self.used.insert(at);
                out.copy(self.source, name.at.clone());
                Ok(number + 3)
            }
            None => Err(self.no_argument(name, &shown)),
        }
    }

    fn no_argument(&self, word: &Word, name: &str) -> Diagnostic {
        let place = self.place;
        let diagnostic = Diagnostic::new(
            E0301,
            span(self.base, &word.at),
            format!("there is no argument `{name}`"),
        );
        match place.kind {
            PlaceKind::Kretprobe | PlaceKind::Uretprobe => {
                diagnostic.with_help("arguments are gone when a function returns: keep them in a map when it is called, or use fexit")
            }
            _ if place.is_pattern() => diagnostic.with_help("arguments of several functions have numbers: `arg0`, `arg1`, …"),
            _ if place.params.is_empty() => diagnostic.with_help("names are not known here; arguments have numbers: `arg0`, `arg1`, …"),
            _ => {
                let names = || place.params.iter().map(|param| param.name.as_str());
                let diagnostic = diagnostic.with_note(format!("there are: {}", names().collect::<Vec<_>>().join(", ")));
                match most_similar(name, names()) {
                    Some(similar) => diagnostic.with_help(format!("did you mean `args.{similar}`?")),
                    None => diagnostic,
                }
            }
        }
    }

    /// `@map[keys]` as a value: 0 where there is none.
    fn map_read(
        &mut self,
        all: &[Word],
        number: usize,
        end: usize,
        out: &mut Text,
    ) -> Result<usize, Diagnostic> {
        let from = all[number].at.start;
        let until = map_end(self.source, &all[number].at, end, self.base)?;
        let next = all.iter().position(|word| word.at.start >= until).unwrap_or(all.len());
        let map = map_use(self.source, from..until, self.base)?;
        let Some(maps) = self.maps else {
            out.push("(u64)0");
            return Ok(next);
        };
        let value = self.fresh("value");
        let key = maps.key(self, &map)?;
        let (name, ty) = maps.stored(self, &map)?;
        out.push("({ ");
        for statement in &key.setup {
            out.append(statement);
            out.push(" ");
        }
        out.push(&format!(
            "{ty} *{value} = {name}.lookup({}); {value} ? *{value} : 0; }})",
            key.reference
        ));
        Ok(next)
    }

    /// Where a text is compared: `VALUE == "text"`.
    fn comparisons(&self, all: &[Word]) -> Vec<Comparison> {
        let mut found = Vec::new();
        for (last, word) in all.iter().enumerate() {
            let is_text = word.kind == Kind::Text && self.text(word).starts_with('"');
            if !is_text || last < 2 || !matches!(self.text(&all[last - 1]), "==" | "!=") {
                continue;
            }
            let mut depth = 0_u32;
            let mut ends = |word: &Word| match self.text(word) {
                ")" | "]" => {
                    depth += 1;
                    false
                }
                "(" | "[" if depth == 0 => true,
                "(" | "[" => {
                    depth -= 1;
                    false
                }
                "&&" | "||" | "!" | "?" | ":" | "," => depth == 0,
                _ => false,
            };
            let before = all[..last - 1].iter().rev().take_while(|word| !ends(word)).count();
            let first = last - 1 - before;
            if first < last - 1 {
                found.push(Comparison { first, last });
            }
        }
        found
    }

    fn comparison(&mut self, all: &[Word], comparison: &Comparison) -> Result<Text, Diagnostic> {
        let of = all[comparison.first].at.start..all[comparison.last - 2].at.end;
        let literal = all[comparison.last].at.clone();
        let is_equal = self.text(&all[comparison.last - 1]) == "==";
        let value = script::value(self.source, of.clone(), self.base)?;
        let name = self.fresh(&format!("text_{}", self.texts.len() + 1));
        let setup = self.read_text(&value, &of, &name)?;
        // At least one byte more than is compared: what is longer is not equal. Its quotes count as two.
        let size = literal.len().max(16);
        self.texts.push((setup, format!("char {name}[{size}] = {{}};")));
        let mut out = Text::default();
        out.push(if is_equal { "!" } else { "!!" });
        out.push(&format!("__builtin_memcmp({name}, "));
        out.copy(self.source, literal.clone());
        out.push(", sizeof ");
        out.copy(self.source, literal);
        out.push(")");
        Ok(out)
    }

    /// Statements that read a text.
    pub fn read_text(
        &mut self,
        value: &Value,
        at: &Range<usize>,
        to: &str,
    ) -> Result<Text, Diagnostic> {
        let mut out = Text::default();
        let (of, memory) = match value {
            Value::Comm => {
                out.push(&format!("bpf_get_current_comm({to}, sizeof({to}));"));
                return Ok(out);
            }
            Value::Text { of, memory, .. } => (of.clone(), *memory),
            Value::Plain(of) => (of.clone(), Memory::OfProbe),
            Value::Args => return Err(self.wrong(at, "`args` cannot be a part of an expression")),
            Value::Stack { .. } => return Err(self.wrong(at, "a stack is no text")),
        };
        if let Some(name) = self.record_text(&of) {
            out.push(&format!("TP_DATA_LOC_READ_STR({to}, {name}, sizeof({to}));"));
            return Ok(out);
        }
        let is_user = match memory {
            Memory::OfProbe => self.place.is_user() && !self.is_in_record(&of),
            Memory::User => true,
            Memory::Kernel => false,
        };
        let side = if is_user { "user" } else { "kernel" };
        out.push(&format!("bpf_probe_read_{side}_str({to}, sizeof({to}), (const void *)("));
        let of = self.translate(of)?;
        out.append(&of);
        out.push("));");
        Ok(out)
    }

    /// `args.name` of a tracepoint, if its text is in the record.
    pub fn record_text(&self, at: &Range<usize>) -> Option<String> {
        let param = self.record_member(at)?;
        param.is_data_loc.then(|| param.name.clone())
    }

    fn is_in_record(&self, at: &Range<usize>) -> bool {
        self.record_member(at)
            .is_some_and(|param| matches!(param.shape, super::shape::Shape::Object(_)))
    }

    fn record_member(&self, at: &Range<usize>) -> Option<&super::place::Param> {
        self.place.record()?;
        let text = self.source[at.clone()].strip_prefix("args")?;
        let name = text.strip_prefix('.').or_else(|| text.strip_prefix("->"))?.trim();
        self.place.params.iter().find(|param| param.name == name)
    }

    /// `next_comm` for `args.next->comm`, where another column is called `comm`.
    pub fn long_heading(&self, column: &Column) -> Option<String> {
        let (Value::Text { of, .. } | Value::Plain(of)) = &column.value else { return None };
        let names = words(self.source, of.clone()).filter(|word| word.kind == Kind::Name);
        let names: Vec<&str> =
            names.map(|word| &self.source[word.at]).filter(|name| *name != "args").collect();
        match names.as_slice() {
            [first, .., last] if column.name.is_none() => Some(format!("{first}_{last}")),
            _ => None,
        }
    }

    /// The heading of a column.
    pub fn heading(&self, column: &Column) -> String {
        if let Some(name) = &column.name {
            return name.clone();
        }
        let at = match &column.value {
            Value::Comm => return "comm".to_owned(),
            Value::Stack { is_user: true } => return "user_stack".to_owned(),
            Value::Stack { is_user: false } => return "kernel_stack".to_owned(),
            Value::Args => return "args".to_owned(),
            Value::Text { of, .. } | Value::Plain(of) => of.clone(),
        };
        let names = words(self.source, at).filter(|word| word.kind == Kind::Name);
        let last = names.map(|word| self.source[word.at].to_owned()).last();
        last.filter(|name| !is_keyword(name)).unwrap_or_else(|| "value".to_owned())
    }
}

/// Names that stand for something.
pub fn names() -> impl Iterator<Item = &'static str> {
    BUILTINS
        .iter()
        .map(|(name, _)| *name)
        .chain(["comm", "kstack", "ustack", "args", "retval", "func"])
}

/// A value, an operator and a text, as words.
struct Comparison {
    first: usize,
    last: usize,
}

/// What cannot be the name of a member.
#[rustfmt::skip]
pub fn is_keyword(name: &str) -> bool {
    matches!(
        name,
        "auto" | "break" | "case" | "char" | "const" | "continue" | "default" | "do" | "double" | "else" | "enum" | "extern"
            | "float" | "for" | "goto" | "if" | "inline" | "int" | "long" | "register" | "restrict" | "return" | "short"
            | "signed" | "sizeof" | "static" | "struct" | "switch" | "typedef" | "union" | "unsigned" | "void"
            | "volatile" | "while" | "bool" | "true" | "false" | "typeof" | "asm" | "u8" | "u16" | "u32" | "u64" | "s8"
            | "s16" | "s32" | "s64"
    )
}
