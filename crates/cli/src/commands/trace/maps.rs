//! Maps of one-liners: what they are keyed by and what they keep, as their first assignment says.

use super::expr::Scope;
use super::script::{Column, Function, MapUse, Value, span};
use super::shape::Shape;
use super::text::Text;
use super::types::Types;
use bpfc_base::Diagnostic;
use bpfc_base::codes::types::{E0301, E0303};

/// Bytes of a text in a key: keys are built on a stack of 512 bytes.
const KEY_TEXT_BYTES: u32 = 64;

/// All maps, by their names in the one-liner.
#[derive(Debug, Default)]
pub struct Maps {
    all: Vec<Map>,
}

/// A map.
#[derive(Debug)]
pub struct Map {
    /// As the one-liner has it.
    written: String,
    /// In C.
    pub name: String,
    keys: Vec<Member>,
    pub keeps: Keeps,
}

/// A member of a struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub name: String,
    pub kind: MemberKind,
}

/// What a member holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberKind {
    /// So many bytes of text.
    Text(u32),
    /// The number of a stack.
    Stack,
    /// What its type says.
    Shaped(Shape),
}

/// What a map keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// A number of this type.
    Number(&'static str),
    /// How many, their sum and their mean, and with `true` the least and the greatest.
    Statistics(bool),
    /// How many in each power of two.
    Histogram,
}

/// How a key is made.
pub struct Key {
    pub setup: Vec<Text>,
    /// The variable.
    pub name: String,
    /// What points to it.
    pub reference: String,
}

impl Member {
    /// The declaration in C.
    pub fn declare(&self) -> String {
        match &self.kind {
            MemberKind::Text(size) => format!("char {}[{size}]", self.name),
            MemberKind::Stack => format!("int {}", self.name),
            MemberKind::Shaped(shape) => shape.declare(&self.name),
        }
    }
}

/// The members that hold columns, with names of their own; texts of `text_bytes` unless said otherwise.
pub fn members(
    scope: &Scope<'_>,
    columns: &[Column],
    types: &Types,
    text_bytes: u32,
) -> Result<Vec<Member>, Diagnostic> {
    let mut members: Vec<Member> = Vec::new();
    for column in columns {
        let kind = match &column.value {
            Value::Comm => MemberKind::Text(16),
            Value::Stack { .. } => MemberKind::Stack,
            Value::Text { size, .. } => MemberKind::Text(size.unwrap_or(text_bytes)),
            Value::Plain(at) => match types.of(scope, at)? {
                Shape::Text(_) => MemberKind::Text(text_bytes),
                shape => MemberKind::Shaped(shape),
            },
            Value::Args => {
                for param in &scope.place.params {
                    let kind = match (&param.shape, param.is_data_loc) {
                        (Shape::Text(_), _) | (_, true) => MemberKind::Text(text_bytes),
                        (shape, _) => MemberKind::Shaped(shape.clone()),
                    };
                    add(&mut members, &param.name, kind);
                }
                continue;
            }
        };
        let heading = scope.heading(column);
        let is_taken = members.iter().any(|member| member.name == heading);
        let longer = is_taken.then(|| scope.long_heading(column)).flatten();
        add(&mut members, &longer.unwrap_or(heading), kind);
    }
    match columns.first() {
        Some(first) if members.is_empty() => {
            let message = "nothing is known of the arguments here";
            Err(Diagnostic::new(E0301, span(scope.base, &first.at), message))
        }
        _ => Ok(members),
    }
}

fn add(members: &mut Vec<Member>, name: &str, kind: MemberKind) {
    let is_taken = |name: &str| members.iter().any(|member| member.name == name);
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    let name = std::iter::once(name.to_owned()).chain(numbered).find(|name| !is_taken(name));
    members.push(Member { name: name.unwrap_or_default(), kind });
}

impl Maps {
    /// Learns of a map where something is kept in it.
    pub fn define(
        &mut self,
        scope: &Scope<'_>,
        map: &MapUse,
        function: Option<Function>,
        value: Option<&Shape>,
        types: &Types,
    ) -> Result<(), Diagnostic> {
        let keeps = match function {
            Some(Function::Hist) => Keeps::Histogram,
            Some(Function::Avg) => Keeps::Statistics(false),
            Some(Function::Stats) => Keeps::Statistics(true),
            Some(Function::Count) => Keeps::Number("u64"),
            None | Some(Function::Sum | Function::Min | Function::Max) => {
                Keeps::Number(word_type(value))
            }
        };
        let written = if map.name.is_empty() {
            function.map_or("value", Function::map_name)
        } else {
            &map.name
        };
        if let Some(known) =
            self.all.iter().find(|known| known.written == map.name || known.name == written)
        {
            let same = matches!((&known.keeps, &keeps), (Keeps::Number(_), Keeps::Number(_)))
                || known.keeps == keeps;
            if known.written == map.name && same {
                return self.check(scope, known, map);
            }
            let message = format!("`@{}` keeps something else", map.name);
            let diagnostic = Diagnostic::new(E0303, span(scope.base, &map.at), message);
            return Err(diagnostic.with_help("give each map a name: `@name[comm] = count()`"));
        }
        let keys = members(scope, &map.keys, types, KEY_TEXT_BYTES)?;
        let name = scope.fresh(written);
        self.all.push(Map { written: map.name.clone(), name, keys, keeps });
        Ok(())
    }

    fn check(&self, scope: &Scope<'_>, known: &Map, map: &MapUse) -> Result<(), Diagnostic> {
        if known.keys.len() == map.keys.len() {
            return Ok(());
        }
        let message = format!(
            "`@{}` has {} here, and {} before",
            map.name,
            keys(map.keys.len()),
            keys(known.keys.len())
        );
        Err(Diagnostic::new(E0303, span(scope.base, &map.at), message))
    }

    /// The map that is meant.
    pub fn find(&self, scope: &Scope<'_>, map: &MapUse) -> Result<&Map, Diagnostic> {
        let Some(known) = self.all.iter().find(|known| known.written == map.name) else {
            let message = format!("nothing is ever kept in `@{}`", map.name);
            return Err(Diagnostic::new(E0301, span(scope.base, &map.at), message));
        };
        self.check(scope, known, map)?;
        Ok(known)
    }

    /// Statements that make a key.
    pub fn key(&self, scope: &mut Scope<'_>, map: &MapUse) -> Result<Key, Diagnostic> {
        let known = self.find(scope, map)?;
        let name = scope.fresh("key");
        let mut declaration = Text::default();
        declaration.push(&match known.keys.as_slice() {
            [] => format!("int {name} = 0;"),
            _ => format!("struct {}_key {name} = {{}};", known.name),
        });
        let mut setup = vec![declaration];
        for (member, column) in known.keys.iter().zip(&map.keys) {
            setup.push(fill(scope, &format!("{name}.{}", member.name), &member.kind, column)?);
        }
        let reference = format!("&{name}");
        Ok(Key { setup, name, reference })
    }

    /// The name and the type of the numbers of a map.
    pub fn stored(
        &self,
        scope: &Scope<'_>,
        map: &MapUse,
    ) -> Result<(&str, &'static str), Diagnostic> {
        let known = self.find(scope, map)?;
        match known.keeps {
            Keeps::Number(ty) => Ok((&known.name, ty)),
            Keeps::Statistics(_) | Keeps::Histogram => {
                let message = format!("`@{}` keeps no single number", map.name);
                Err(Diagnostic::new(E0303, span(scope.base, &map.at), message))
            }
        }
    }

    /// Their definitions in C.
    pub fn write(&self) -> String {
        let mut out = String::new();
        let is_statistics = |map: &Map, with: bool| map.keeps == Keeps::Statistics(with);
        for (with, name, more) in
            [(false, "average", ""), (true, "statistics", "\ts64 least;\n\ts64 greatest;\n")]
        {
            if self.all.iter().any(|map| is_statistics(map, with)) {
                out += &format!(
                    "struct {name} {{\n\ts64 average;\n\ts64 count;\n\ts64 total;\n{more}}};\n\n"
                );
            }
        }
        for map in &self.all {
            out += &map.write();
        }
        out
    }
}

impl Map {
    /// The type of what is kept.
    pub fn leaf(&self) -> &'static str {
        match self.keeps {
            Keeps::Number(ty) => ty,
            Keeps::Statistics(false) => "struct average",
            Keeps::Statistics(true) => "struct statistics",
            Keeps::Histogram => "u64",
        }
    }

    /// Whether it has keys.
    pub fn is_keyed(&self) -> bool {
        !self.keys.is_empty()
    }

    fn write(&self) -> String {
        let name = &self.name;
        if self.keys.is_empty() {
            return match self.keeps {
                Keeps::Histogram => format!("BPF_HISTOGRAM({name});\n\n"),
                _ => format!("BPF_ARRAY({name}, {}, 1);\n\n", self.leaf()),
            };
        }
        let mut out = format!("struct {name}_key {{\n");
        for member in &self.keys {
            out += &format!("\t{};\n", member.declare());
        }
        match self.keeps {
            Keeps::Histogram => {
                out += &format!(
                    "\tu64 slot;\n}};\nBPF_HISTOGRAM({name}, struct {name}_key, 10240);\n\n"
                );
            }
            _ => out += &format!("}};\nBPF_HASH({name}, struct {name}_key, {});\n\n", self.leaf()),
        }
        out
    }
}

/// A statement that puts a value into a member.
pub fn fill(
    scope: &mut Scope<'_>,
    to: &str,
    kind: &MemberKind,
    column: &Column,
) -> Result<Text, Diagnostic> {
    let mut out = Text::default();
    match (&column.value, kind) {
        (Value::Stack { is_user }, _) => {
            let flags = if *is_user { "BPF_F_USER_STACK" } else { "0" };
            let stacks = scope.fresh("stacks");
            out.push(&format!("{to} = {stacks}.get_stackid({}, {flags});", scope.place.context()));
        }
        (value, MemberKind::Text(_)) if is_text(scope, value)? => {
            return scope.read_text(value, &column.at, to);
        }
        (_, MemberKind::Text(_))
        | (Value::Comm | Value::Text { .. } | Value::Args, _)
        | (_, MemberKind::Stack) => {
            return Err(differs(scope, column));
        }
        (Value::Plain(at), MemberKind::Shaped(shape)) => {
            let own = scope.types.map(|types| types.of(scope, at)).transpose()?;
            if own.is_some_and(|own| !own.is_like(shape)) {
                return Err(differs(scope, column));
            }
            let value = scope.translate(at.clone())?;
            out.append(&assign(to, shape, &value));
        }
    }
    Ok(out)
}

fn differs(scope: &Scope<'_>, column: &Column) -> Diagnostic {
    let message = "this is something else where the map is first used";
    Diagnostic::new(E0303, span(scope.base, &column.at), message)
}

/// Whether a value is a text, or points to one.
fn is_text(scope: &Scope<'_>, value: &Value) -> Result<bool, Diagnostic> {
    let Value::Plain(at) = value else {
        return Ok(matches!(value, Value::Comm | Value::Text { .. }));
    };
    let own = scope.types.map(|types| types.of(scope, at)).transpose()?;
    Ok(own.is_none_or(|own| matches!(own, Shape::Text(_) | Shape::Object(_))))
}

/// A statement that keeps a value as its type says.
pub fn assign(to: &str, shape: &Shape, value: &Text) -> Text {
    let mut out = Text::default();
    let (before, after) = match shape {
        Shape::Object(_) => (format!("bpf_probe_read_kernel(&{to}, sizeof({to}), &("), "));"),
        Shape::Pointer(_) | Shape::Text(_) => (format!("{to} = (void *)("), ");"),
        Shape::Number(_) => (format!("{to} = "), ";"),
    };
    out.push(&before);
    out.append(value);
    out.push(after);
    out
}

/// The widest type with the sign of a value.
fn word_type(shape: Option<&Shape>) -> &'static str {
    match shape {
        Some(Shape::Number(declaration)) if is_signed(declaration) => "s64",
        _ => "u64",
    }
}

fn is_signed(declaration: &str) -> bool {
    let mut words = declaration.split_ascii_whitespace();
    let has = |name: &str| declaration.split_ascii_whitespace().any(|word| word == name);
    let first = words.next().unwrap_or_default();
    let is_plain = matches!(
        first,
        "int"
            | "long"
            | "short"
            | "signed"
            | "ssize_t"
            | "loff_t"
            | "pid_t"
            | "s64"
            | "s32"
            | "s16"
            | "s8"
            | "__s64"
            | "__s32"
    );
    is_plain && !has("unsigned")
}

fn keys(n: usize) -> String {
    match n {
        0 => "no key".to_owned(),
        1 => "1 key".to_owned(),
        _ => format!("{n} keys"),
    }
}
