//! The program of a one-liner: C in BCC's dialect.

use super::expr::Scope;
use super::head::Head;
pub use super::maps::Maps;
use super::maps::{Keeps, MemberKind, assign, fill, members};
use super::place::{Kind, Place};
use super::script::{Action, Clause, Column, Function, MapUse, Script, Value};
use super::shape::Shape;
use super::text::Text;
use super::types::{Types, map_name, values};
use super::words::words;
use bpfc_base::Diagnostic;
use std::collections::BTreeSet;
use std::ops::Range;

/// Bytes of a text in an event.
const EVENT_TEXT_BYTES: u32 = 256;
/// Pages of a ring buffer.
const RING_PAGES: u32 = 64;

/// What a program is made of.
pub struct Source<'s> {
    pub text: &'s str,
    pub base: u32,
    pub script: &'s Script,
    /// The probes of each clause.
    pub places: &'s [Vec<Place>],
    /// Only this process.
    pub pid: Option<u32>,
}

/// A program, and where its functions go.
#[derive(Debug, Default)]
pub struct Program {
    pub text: Text,
    /// As `--attach` takes it.
    pub attach: Vec<String>,
    /// As `--usdt` takes it.
    pub usdt: Vec<String>,
}

impl<'s> Source<'s> {
    /// The probes, numbered from 1, with their clauses.
    pub fn probes(&self) -> impl Iterator<Item = (usize, &'s Clause, &'s Place)> + use<'s> {
        let clauses = self.script.clauses.iter().zip(self.places);
        let all =
            clauses.flat_map(|(clause, places)| places.iter().map(move |place| (clause, place)));
        all.enumerate().map(|(at, (clause, place))| (at + 1, clause, place))
    }

    /// How the function of a probe begins.
    fn head(&self, number: usize, place: &Place, used: &BTreeSet<usize>) -> Head {
        let is_same = |other: &Place| other.kind == place.kind && other.target == place.target;
        let is_first = self
            .probes()
            .find(|(_, _, other)| is_same(other))
            .is_none_or(|(first, _, _)| first == number);
        Head::new(self.text, number, place, used, is_first)
    }

    /// Every name that means something.
    fn taken(&self) -> BTreeSet<String> {
        let written =
            words(self.text, 0..self.text.len()).map(|word| self.text[word.at].to_owned());
        let params = self
            .places
            .iter()
            .flatten()
            .flat_map(|place| place.params.iter().map(|param| param.name.clone()));
        written.chain(params).collect()
    }

    /// What expressions of a probe are written with; without maps and types, only these are asked for.
    fn scope<'a>(
        &'a self,
        number: usize,
        place: &'a Place,
        known: Option<(&'a Maps, &'a Types)>,
        taken: &'a BTreeSet<String>,
    ) -> Scope<'a> {
        let (source, base) = (self.text, self.base);
        let (maps, types) = known.unzip();
        Scope {
            source,
            base,
            place,
            number,
            maps,
            types,
            taken,
            used: BTreeSet::new(),
            texts: Vec::new(),
        }
    }

    /// A program that mentions the records of tracepoints.
    pub fn ask_records(&self) -> Text {
        let mut out = Text::default();
        for (number, _, place) in self.probes() {
            if place.record().is_some() {
                let head = Head::new(self.text, number, place, &BTreeSet::new(), false);
                out.append(&head.signature);
                out.push("\n{\n\treturn 0;\n}\n");
            }
        }
        out
    }

    /// A program that mentions the types of all values.
    pub fn ask_types(&self) -> Result<Text, Diagnostic> {
        let taken = self.taken();
        let mut out = Text::default();
        for (number, clause, place) in self.probes() {
            let mut scope = self.scope(number, place, None, &taken);
            let mut members = Text::default();
            for (at, value) in values(clause, self.text, self.base)?.into_iter().enumerate() {
                members.push("typeof((");
                match scope.record_text(&value) {
                    Some(_) => members.push("char *"),
                    None => members.append(&scope.translate(value)?),
                }
                members.push(&format!(")) c{at}; "));
            }
            if members.is_empty() {
                continue;
            }
            let head = self.head(number, place, &scope.used);
            let map = map_name(number);
            out.push(&format!("BPF_RINGBUF_OUTPUT({map}, 1);\n"));
            out.append(&head.signature);
            out.push(&format!("\n{{\n{}\tstruct {map} {{ ", head.prologue));
            out.append(&members);
            out.push(&format!("}} *types = 0;\n\n\t{map}.ringbuf_output(types, sizeof(*types), 0);\n\treturn 0;\n}}\n"));
        }
        Ok(out)
    }

    /// The program.
    pub fn write(&self, types: &Types) -> Result<Program, Diagnostic> {
        let taken = self.taken();
        let maps = self.maps(types, &taken)?;
        let mut writer =
            Writer { source: self, types, maps: &maps, rings: Vec::new(), has_stacks: false };
        let mut functions = Text::default();
        let mut program = Program::default();
        for (number, clause, place) in self.probes() {
            let mut scope = self.scope(number, place, Some((&maps, types)), &taken);
            let body = writer.body(&mut scope, clause)?;
            let head = self.head(number, place, &scope.used);
            functions.append(&head.signature);
            functions.push(&format!("\n{{\n{}", head.prologue));
            for (setup, declaration) in &scope.texts {
                functions.push(&format!("\t{declaration}\n"));
                functions.push("\t");
                functions.append(setup);
                functions.push("\n");
            }
            functions.append(&body);
            functions.push("\treturn 0;\n}\n\n");
            match place.kind {
                Kind::Usdt => program.usdt.push(format!("{}={}", head.name, place.target)),
                _ if head.needs_place => {
                    program.attach.push(format!("{}={}", head.name, place.spec))
                }
                _ => {}
            }
        }
        if writer.has_stacks {
            let stacks = self
                .places
                .iter()
                .flatten()
                .next()
                .map(|place| self.scope(0, place, None, &taken).fresh("stacks"));
            program.text.push(&format!(
                "BPF_STACK_TRACE({}, 16384);\n\n",
                stacks.unwrap_or_else(|| "stacks".into())
            ));
        }
        for ring in &writer.rings {
            program.text.push(&ring.write());
        }
        program.text.push(&maps.write());
        program.text.append(&functions);
        Ok(program)
    }

    fn maps(&self, types: &Types, taken: &BTreeSet<String>) -> Result<Maps, Diagnostic> {
        let mut maps = Maps::default();
        for (number, clause, place) in self.probes() {
            let scope = self.scope(number, place, None, taken);
            for action in &clause.actions {
                let (map, function, value) = match action {
                    Action::Update { map, function, value } => {
                        (map, Some(*function), value.as_ref())
                    }
                    Action::Store { map, value } => (map, None, Some(value)),
                    Action::Print(_) | Action::Delete(_) => continue,
                };
                let shape = value.map(|value| types.of(&scope, value)).transpose()?;
                maps.define(&scope, map, function, shape.as_ref(), types)?;
            }
        }
        Ok(maps)
    }
}

/// A ring buffer and the struct of its events.
struct Ring {
    name: String,
    tag: String,
    members: String,
}

impl Ring {
    fn write(&self) -> String {
        let Ring { name, tag, members } = self;
        format!("struct {tag} {{\n{members}}};\nBPF_RINGBUF_OUTPUT({name}, {RING_PAGES});\n\n")
    }
}

struct Writer<'w> {
    source: &'w Source<'w>,
    types: &'w Types,
    maps: &'w Maps,
    rings: Vec<Ring>,
    has_stacks: bool,
}

impl Writer<'_> {
    fn body(&mut self, scope: &mut Scope<'_>, clause: &Clause) -> Result<Text, Diagnostic> {
        let mut out = Text::default();
        if let Some(pid) = self.source.pid {
            out.push(&format!("\tif (bpf_get_current_pid_tgid() >> 32 != {pid})\n\t\treturn 0;\n"));
        }
        if let Some(filter) = &clause.filter {
            out.push("\tif (!(");
            out.append(&scope.translate(filter.clone())?);
            out.push("))\n\t\treturn 0;\n");
        }
        for action in &clause.actions {
            out.push("\t{\n");
            let statements = match action {
                Action::Print(columns) => self.print(scope, columns)?,
                Action::Update { map, function, value } => {
                    self.update(scope, map, *function, value.as_ref())?
                }
                Action::Store { map, value } => self.store(scope, map, value)?,
                Action::Delete(map) => {
                    let key = self.maps.key(scope, map)?;
                    let mut statements = lines(&key.setup);
                    let name = &self.maps.find(scope, map)?.name;
                    statements.push(&format!("\t\t{name}.delete(&{});\n", key.name));
                    statements
                }
            };
            out.append(&statements);
            out.push("\t}\n");
        }
        Ok(out)
    }

    fn print(&mut self, scope: &mut Scope<'_>, columns: &[Column]) -> Result<Text, Diagnostic> {
        let members = members(scope, columns, self.types, EVENT_TEXT_BYTES)?;
        let declared: String =
            members.iter().map(|member| format!("\t{};\n", member.declare())).collect();
        let at = match self.rings.iter().position(|ring| ring.members == declared) {
            Some(at) => at,
            None => {
                let number = if self.rings.is_empty() {
                    String::new()
                } else {
                    format!("_{}", self.rings.len() + 1)
                };
                let (name, tag) = (
                    scope.fresh(&format!("events{number}")),
                    scope.fresh(&format!("event{number}")),
                );
                self.rings.push(Ring { name, tag, members: declared });
                self.rings.len() - 1
            }
        };
        let (name, tag) = (self.rings[at].name.clone(), self.rings[at].tag.clone());
        let event = scope.fresh("event");
        let mut out = Text::default();
        out.push(&format!("\t\tstruct {tag} *{event} = {name}.ringbuf_reserve(sizeof(struct {tag}));\n\n\t\tif (!{event})\n\t\t\treturn 0;\n"));
        let mut left = members.iter();
        for column in columns {
            if matches!(column.value, Value::Args) {
                for param in 0..scope.place.params.len() {
                    let Some(member) = left.next() else { break };
                    let filled = fill_argument(scope, &format!("{event}->{}", member.name), param);
                    out.append(&line(&filled));
                }
                continue;
            }
            let Some(member) = left.next() else { break };
            self.has_stacks |= member.kind == MemberKind::Stack;
            out.append(&line(&fill(
                scope,
                &format!("{event}->{}", member.name),
                &member.kind,
                column,
            )?));
        }
        out.push(&format!("\t\t{name}.ringbuf_submit({event}, 0);\n"));
        Ok(out)
    }

    fn update(
        &mut self,
        scope: &mut Scope<'_>,
        map: &MapUse,
        function: Function,
        value: Option<&Range<usize>>,
    ) -> Result<Text, Diagnostic> {
        self.has_stacks |= map.keys.iter().any(|key| matches!(key.value, Value::Stack { .. }));
        let known = self.maps.find(scope, map)?;
        let (name, leaf) = (&known.name, known.leaf());
        let key = self.maps.key(scope, map)?;
        let number = match value {
            Some(value) => scope.translate(value.clone())?,
            None => Text::default(),
        };
        let mut out = Text::default();
        let is_slot = known.keeps == Keeps::Histogram && !known.is_keyed();
        if !is_slot {
            out.append(&lines(&key.setup));
        }
        let key = key.name;
        match function {
            Function::Count => out.push(&format!("\t\t{name}.increment({key});\n")),
            Function::Hist => {
                out.push(
                    if is_slot { "\t\t".to_owned() } else { format!("\t\t{key}.slot = ") }.as_str(),
                );
                out.push(&if is_slot {
                    format!("{name}.increment(bpf_log2l(")
                } else {
                    "bpf_log2l(".to_owned()
                });
                out.append(&number);
                out.push(&if is_slot {
                    "));\n".to_owned()
                } else {
                    format!(");\n\t\t{name}.increment({key});\n")
                });
            }
            Function::Sum => {
                out.push(&format!("\t\t{name}.increment({key}, "));
                out.append(&number);
                out.push(");\n");
            }
            Function::Min | Function::Max | Function::Avg | Function::Stats => {
                out.append(&compared(scope, name, leaf, function, &key, &number));
            }
        }
        Ok(out)
    }

    fn store(
        &mut self,
        scope: &mut Scope<'_>,
        map: &MapUse,
        value: &Range<usize>,
    ) -> Result<Text, Diagnostic> {
        self.has_stacks |= map.keys.iter().any(|key| matches!(key.value, Value::Stack { .. }));
        let (name, ty) = self.maps.stored(scope, map)?;
        let key = self.maps.key(scope, map)?;
        let number = scope.translate(value.clone())?;
        let value = scope.fresh("value");
        let mut out = lines(&key.setup);
        out.push(&format!("\t\t{ty} {value} = "));
        out.append(&number);
        out.push(&format!(";\n\n\t\t{name}.update(&{}, &{value});\n", key.name));
        Ok(out)
    }
}

/// Statements that keep what needs the former value.
fn compared(
    scope: &Scope<'_>,
    name: &str,
    leaf: &str,
    function: Function,
    key: &str,
    number: &Text,
) -> Text {
    let (value, kept, first) = (scope.fresh("value"), scope.fresh("kept"), scope.fresh("first"));
    let mut out = Text::default();
    let ty = if leaf.starts_with("struct") { "s64" } else { leaf };
    out.push(&format!("\t\t{ty} {value} = "));
    out.append(number);
    out.push(";\n");
    let (start, statements) = match function {
        Function::Min | Function::Max => {
            let sign = if function == Function::Min { '<' } else { '>' };
            (
                value.clone(),
                format!("\t\tif ({kept} && {value} {sign} *{kept})\n\t\t\t*{kept} = {value};\n"),
            )
        }
        _ => {
            let extremes = match function {
                Function::Stats => format!(
                    "\t\t\tif (!{kept}->count || {value} < {kept}->least)\n\t\t\t\t{kept}->least = {value};\n\
                     \t\t\tif (!{kept}->count || {value} > {kept}->greatest)\n\t\t\t\t{kept}->greatest = {value};\n"
                ),
                _ => String::new(),
            };
            let sum = format!(
                "\t\t\t__sync_fetch_and_add(&{kept}->count, 1);\n\t\t\t__sync_fetch_and_add(&{kept}->total, {value});\n\
                 \t\t\t{kept}->average = {kept}->total < 0 ? -((u64)-{kept}->total / (u64){kept}->count) : (u64){kept}->total / (u64){kept}->count;\n"
            );
            ("{}".to_owned(), format!("\t\tif ({kept}) {{\n{extremes}{sum}\t\t}}\n"))
        }
    };
    out.push(&format!("\t\t{leaf} {first} = {start}, *{kept} = {name}.lookup_or_try_init(&{key}, &{first});\n\n{statements}"));
    out
}

/// Statements on lines of their own.
fn lines(statements: &[Text]) -> Text {
    let mut out = Text::default();
    statements.iter().for_each(|statement| out.append(&line(statement)));
    out
}

/// A statement on a line of its own.
fn line(statement: &Text) -> Text {
    let mut out = Text::default();
    out.push("\t\t");
    out.append(statement);
    out.push("\n");
    out
}

fn fill_argument(scope: &mut Scope<'_>, to: &str, number: usize) -> Text {
    let param = scope.place.params[number].clone();
    scope.used.insert(number);
    let is_record = scope.place.kind == Kind::Tracepoint;
    let mut value = Text::default();
    value.push(&if is_record { format!("args->{}", param.name) } else { param.name.clone() });
    let mut out = Text::default();
    if param.is_data_loc {
        out.push(&format!("TP_DATA_LOC_READ_STR({to}, {}, sizeof({to}));", param.name));
    } else if let Shape::Text(_) = param.shape {
        let side = if scope.place.is_user() { "user" } else { "kernel" };
        out.push(&format!("bpf_probe_read_{side}_str({to}, sizeof({to}), {});", value.as_str()));
    } else {
        out.append(&assign(to, &param.shape, &value));
    }
    out
}
