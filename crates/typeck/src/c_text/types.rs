//! Types: their names, and definitions of those that are needed.

use super::Writer;
use crate::hir::{
    EnumId, FloatKind, IntKind, Member, QualType, RecordId, RecordKind, Type, TypeId, TypedefId,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// What is to be defined.
#[derive(Debug, Default)]
pub(super) struct Needs {
    /// Members that are used, of structs that are found by name.
    members: BTreeMap<RecordId, BTreeSet<u32>>,
    /// Structs that are copied, kept or measured.
    whole: BTreeSet<RecordId>,
    named: BTreeSet<RecordId>,
    enums: BTreeSet<EnumId>,
    typedefs: BTreeSet<TypedefId>,
}

impl Needs {
    pub(super) fn use_member(&mut self, record: RecordId, member: u32) {
        self.members.entry(record).or_default().insert(member);
    }
}

impl Writer<'_> {
    /// Objects of this type are kept or copied.
    pub(super) fn use_whole(&mut self, ty: TypeId) {
        match self.module.types.resolve(ty).clone() {
            Type::Array { elem, .. } => self.use_whole(elem.ty),
            Type::Record(record) if self.types.whole.insert(record) => {
                let body = self.module.types.records[record].body.clone().unwrap_or_default();
                body.members.iter().for_each(|member| self.use_whole(member.ty.ty));
            }
            _ => {}
        }
    }

    /// The access of a question to the loader.
    pub(super) fn use_path(&mut self, ty: TypeId, path: &[u32]) {
        let mut at = ty;
        for &step in path.iter().skip(1) {
            match self.module.types.resolve(at).clone() {
                Type::Record(record) => {
                    self.types.use_member(record, step);
                    let body = self.module.types.records[record].body.as_ref();
                    let Some(member) = body.and_then(|body| body.members.get(step as usize)) else {
                        return;
                    };
                    at = member.ty.ty;
                }
                Type::Array { elem, .. } => at = elem.ty,
                _ => return,
            }
        }
    }

    /// A type in a cast.
    pub(super) fn plain(&mut self, ty: TypeId) -> String {
        self.declared(QualType::plain(ty), "")
    }

    /// `ty name`
    pub(super) fn declared(&mut self, ty: QualType, name: &str) -> String {
        let base = match self.module.types.get(ty.ty).clone() {
            Type::Ptr(to) => {
                let quals = quals(ty);
                let inner = format!("*{quals}{name}");
                let target = self.module.types.get(to.ty);
                return match target {
                    Type::Array { .. } | Type::Func(_) => self.declared(to, &format!("({inner})")),
                    _ => self.declared(to, &inner),
                };
            }
            Type::Array { elem, len } => {
                let len = len.map_or(String::new(), |len| len.to_string());
                return self.declared(elem, &format!("{name}[{len}]"));
            }
            Type::Func(func) => {
                let params: Vec<String> =
                    func.params.iter().map(|param| self.declared(*param, "")).collect();
                let params = if params.is_empty() { "void".to_owned() } else { params.join(", ") };
                return self.declared(func.ret, &format!("{name}({params})"));
            }
            Type::Tagged { inner, .. } => {
                return self.declared(QualType { ty: inner, quals: ty.quals }, name);
            }
            Type::Error => self.fail("a type that is wrong"),
            Type::Void => "void".to_owned(),
            Type::Bool => "_Bool".to_owned(),
            Type::Int(kind) => int_name(kind).to_owned(),
            Type::Float(FloatKind::Float) => "float".to_owned(),
            Type::Float(_) => "double".to_owned(),
            Type::Record(record) => self.record_name(record),
            Type::Enum(id) => match self.module.types.enums[id].name {
                Some(tag) => {
                    self.types.enums.insert(id);
                    format!("enum {}", self.names.resolve(tag))
                }
                None => {
                    int_name(self.module.types.enums[id].repr.unwrap_or(IntKind::Int)).to_owned()
                }
            },
            Type::Typedef(id) => {
                self.types.typedefs.insert(id);
                self.names.resolve(self.module.types.typedefs[id].name).to_owned()
            }
        };
        let quals = quals(ty);
        format!("{quals}{base} {name}").trim_end().to_owned()
    }

    fn record_name(&mut self, record: RecordId) -> String {
        self.types.named.insert(record);
        let node = &self.module.types.records[record];
        let tag = match node.name {
            Some(tag) => self.names.resolve(tag).to_owned(),
            None => format!("{record}").replace('.', "_"),
        };
        format!("{} {tag}", keyword(node.kind))
    }

    /// Definitions of all that is needed, each behind what it needs itself.
    pub(super) fn definitions(&mut self) -> String {
        let mut done = Done::default();
        let mut out = String::new();
        loop {
            let before = done.n_done();
            let records: BTreeSet<RecordId> =
                self.types.whole.iter().chain(self.types.members.keys()).copied().collect();
            for record in records {
                self.define_record(record, &mut done, &mut out);
            }
            for id in self.types.typedefs.clone() {
                self.define_typedef(id, &mut done, &mut out);
            }
            for id in self.types.enums.clone() {
                self.define_enum(id, &mut done, &mut out);
            }
            if done.n_done() == before {
                break;
            }
        }
        let mut forward = String::new();
        for record in self.types.named.clone() {
            let name = self.record_name(record);
            let _ = writeln!(forward, "{name};");
        }
        format!("\n{forward}\n{out}\n")
    }

    fn define_enum(&mut self, id: EnumId, done: &mut Done, out: &mut String) {
        if !done.enums.insert(id) {
            return;
        }
        let node = &self.module.types.enums[id];
        let Some(tag) = node.name else { return };
        let items: Vec<String> = node
            .enumerators
            .iter()
            .map(|(name, value)| format!("\t{} = {value},\n", self.names.resolve(*name)))
            .collect();
        let _ = writeln!(out, "enum {} {{\n{}}};", self.names.resolve(tag), items.concat());
    }

    fn define_typedef(&mut self, id: TypedefId, done: &mut Done, out: &mut String) {
        if !done.typedefs.insert(id) {
            return;
        }
        let node = self.module.types.typedefs[id].clone();
        self.define_parts(node.ty.ty, done, out);
        let text = self.declared(node.ty, self.names.resolve(node.name));
        let _ = writeln!(out, "typedef {text};");
    }

    /// What has to be known where an object of this type is declared.
    fn define_parts(&mut self, ty: TypeId, done: &mut Done, out: &mut String) {
        match self.module.types.get(ty).clone() {
            Type::Typedef(id) => {
                self.define_typedef(id, done, out);
                self.define_parts(self.module.types.typedefs[id].ty.ty, done, out);
            }
            Type::Enum(id) => self.define_enum(id, done, out),
            Type::Array { elem, .. } => self.define_parts(elem.ty, done, out),
            Type::Tagged { inner, .. } => self.define_parts(inner, done, out),
            Type::Ptr(to) => self.define_names(to.ty, done, out),
            Type::Record(record) => self.define_record(record, done, out),
            _ => {}
        }
    }

    /// The same for what is only pointed to.
    fn define_names(&mut self, ty: TypeId, done: &mut Done, out: &mut String) {
        match self.module.types.get(ty).clone() {
            Type::Typedef(id) => {
                let to = self.module.types.typedefs[id].ty.ty;
                if self.module.types.record_of(to).is_none() {
                    self.define_typedef(id, done, out);
                } else if done.typedefs.insert(id) {
                    let node = self.module.types.typedefs[id].clone();
                    let text = self.declared(node.ty, self.names.resolve(node.name));
                    let _ = writeln!(out, "typedef {text};");
                }
            }
            Type::Enum(id) => self.define_enum(id, done, out),
            Type::Ptr(to) => self.define_names(to.ty, done, out),
            Type::Array { elem, .. } => self.define_parts(elem.ty, done, out),
            Type::Tagged { inner, .. } => self.define_names(inner, done, out),
            Type::Func(func) => {
                self.define_names(func.ret.ty, done, out);
                func.params.iter().for_each(|param| self.define_names(param.ty, done, out));
            }
            _ => {}
        }
    }

    fn define_record(&mut self, record: RecordId, done: &mut Done, out: &mut String) {
        if !done.records.insert(record) || self.module.types.records[record].body.is_none() {
            return;
        }
        self.types.named.insert(record);
        self.define_members(record, done, out);
        let name = self.record_name(record);
        let text = self.record_body(record);
        let _ = writeln!(out, "{name} {text};\n");
    }

    fn define_members(&mut self, record: RecordId, done: &mut Done, out: &mut String) {
        for (_, member) in self.shown_members(record) {
            match (member.name, self.module.types.record_of(member.ty.ty)) {
                (None, Some(inner)) => {
                    done.records.insert(inner);
                    self.define_members(inner, done, out);
                }
                _ => self.define_parts(member.ty.ty, done, out),
            }
        }
    }

    /// Whether only the members that are used need to be there.
    fn is_partial(&self, record: RecordId) -> bool {
        self.module.types.records[record].is_relocatable && !self.types.whole.contains(&record)
    }

    fn shown_members(&self, record: RecordId) -> Vec<(u32, Member)> {
        let Some(body) = &self.module.types.records[record].body else { return Vec::new() };
        let used = self.types.members.get(&record);
        let is_partial = self.is_partial(record);
        let is_shown = |index: &u32| !is_partial || used.is_some_and(|used| used.contains(index));
        let members = body.members.iter().enumerate();
        let members = members.map(|(index, member)| (index as u32, member.clone()));
        members.filter(|(index, _)| is_shown(index)).collect()
    }

    fn record_body(&mut self, record: RecordId) -> String {
        let node = self.module.types.records[record].clone();
        let layout = node.body.clone().unwrap_or_default();
        let is_partial = self.is_partial(record);
        let mut text = "{\n".to_owned();
        let mut end = 0;
        for (index, member) in self.shown_members(record) {
            let is_struct = node.kind == RecordKind::Struct;
            if is_struct && !is_partial && member.bits.is_none() && member.offset_bits > end {
                let gap = (member.offset_bits - end.next_multiple_of(8)) / 8;
                let natural = self.module.types.align_of(member.ty.ty).unwrap_or(1);
                if gap > 0 && (layout.is_packed || gap >= u64::from(natural)) {
                    let _ = writeln!(text, "\tchar __pad_{index}[{gap}];");
                }
            }
            let line = self.member_line(&member);
            let _ = writeln!(text, "\t{line};");
            let size = self.module.types.size_of(member.ty.ty).unwrap_or(0) * 8;
            end = member.offset_bits + member.bits.map_or(size, u64::from);
        }
        text.push('}');
        if node.is_relocatable {
            text.push_str(" __attribute__((preserve_access_index))");
        } else if layout.is_packed {
            text.push_str(" __attribute__((packed))");
        }
        if !is_partial && layout.align > 1 {
            let _ = write!(text, " __attribute__((aligned({})))", layout.align);
        }
        text
    }

    fn member_line(&mut self, member: &Member) -> String {
        let inner = self.module.types.record_of(member.ty.ty);
        match (member.name, inner) {
            (None, Some(inner)) => {
                let body = self.record_body(inner).replace('\n', "\n\t");
                format!("{} {body}", keyword(self.module.types.records[inner].kind))
            }
            (name, _) => {
                let name = name.map_or("", |name| self.names.resolve(name));
                let declared = self.declared(member.ty, name);
                member.bits.map_or(declared.clone(), |bits| format!("{declared} : {bits}"))
            }
        }
    }
}

/// What is defined already.
#[derive(Debug, Default)]
struct Done {
    records: BTreeSet<RecordId>,
    enums: BTreeSet<EnumId>,
    typedefs: BTreeSet<TypedefId>,
}

impl Done {
    fn n_done(&self) -> usize {
        self.records.len() + self.enums.len() + self.typedefs.len()
    }
}

fn keyword(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Struct => "struct",
        RecordKind::Union => "union",
    }
}

fn quals(ty: QualType) -> &'static str {
    match (ty.quals.is_const, ty.quals.is_volatile) {
        (false, false) => "",
        (true, false) => "const ",
        (false, true) => "volatile ",
        (true, true) => "const volatile ",
    }
}

fn int_name(kind: IntKind) -> &'static str {
    match kind {
        IntKind::Char => "char",
        IntKind::SChar => "signed char",
        IntKind::UChar => "unsigned char",
        IntKind::Short => "short",
        IntKind::UShort => "unsigned short",
        IntKind::Int => "int",
        IntKind::UInt => "unsigned int",
        IntKind::Long => "long",
        IntKind::ULong => "unsigned long",
        IntKind::LongLong => "long long",
        IntKind::ULongLong => "unsigned long long",
        IntKind::Int128 => "__int128",
        IntKind::UInt128 => "unsigned __int128",
    }
}
