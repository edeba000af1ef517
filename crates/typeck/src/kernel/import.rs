//! Imports kernel types into the module.

use super::{KernelType, KernelTypes};
use crate::checker::Checker;
use crate::hir::{
    FloatKind, Func, FuncId, FuncType, IntKind, Linkage, Member, Origin, QualType, RecordBody,
    RecordId, Type, TypeId, Typedef,
};
use crate::scope::{Entity, Tag};
use crate::tags::enum_repr;
use crate::types_union;
use bpfc_base::{Span, Symbol};
use bpfc_parser::ast::TagKind;
use rustc_hash::{FxHashMap, FxHashSet};

/// What was imported so far, misses included: a name is looked up once.
#[derive(Debug, Default)]
pub(crate) struct Imports {
    by_id: FxHashMap<u32, QualType>,
    tags: FxHashMap<(Symbol, u8), Option<Tag>>,
    typedefs: FxHashMap<Symbol, Option<QualType>>,
    enumerators: FxHashMap<Symbol, Option<Entity>>,
    /// Records that only tables of the interface mention.
    builtin: FxHashMap<Symbol, RecordId>,
    /// Records all of whose members by value are complete.
    deep: FxHashSet<RecordId>,
}

fn key(name: Symbol, kind: TagKind) -> (Symbol, u8) {
    (name, kind as u8)
}

impl Imports {
    /// The tag of this name, if it was imported.
    pub fn tag(&self, name: Symbol, kind: TagKind) -> Option<Tag> {
        self.tags.get(&key(name, kind)).copied().flatten()
    }

    /// The source defines this tag itself: later mentions, and the kernel's type `id`, no
    /// longer mean the record that was made for it.
    pub fn forget_tag(&mut self, name: Symbol, kind: TagKind, id: u32) {
        self.tags.insert(key(name, kind), None);
        self.by_id.remove(&id);
    }
}

/// Steps from one kernel type to the next before a chain counts as endless.
const MAX_CHAIN: u32 = 100;

impl Checker<'_> {
    /// The kernel's struct, union or enumeration with this tag.
    pub fn import_tag(&mut self, name: Symbol, kind: TagKind) -> Option<Tag> {
        if let Some(&found) = self.imports.tags.get(&key(name, kind)) {
            return found;
        }
        let text = self.name(name);
        let id = self.kernel.as_mut()?.find_tag(kind, &text);
        let tag = id.and_then(|id| {
            let ty = self.import_type(id, 0);
            match *self.resolved(ty.ty) {
                Type::Record(record) => Some(Tag::Record(record)),
                Type::Enum(id) => Some(Tag::Enum(id)),
                _ => None,
            }
        });
        self.imports.tags.insert(key(name, kind), tag);
        tag
    }

    /// What the typedef `name` stands for, in the source or the kernel.
    pub fn find_typedef(&mut self, name: Symbol) -> Option<QualType> {
        if self.scopes.find(name).is_none() {
            self.demand_name(name);
        }
        if let Some(decl) = self.scopes.find(name) {
            return match decl.entity {
                Entity::Typedef(id) => {
                    Some(QualType::plain(self.derive(Type::Typedef(id), decl.span)))
                }
                _ => None,
            };
        }
        if let Some(&found) = self.imports.typedefs.get(&name) {
            return found;
        }
        let text = self.name(name);
        let id = self.kernel.as_mut()?.find_typedef(&text);
        let ty = id.map(|id| self.import_type(id, 0));
        self.imports.typedefs.insert(name, ty);
        ty
    }

    /// The kernel's enumeration constant `name`.
    pub fn import_enumerator(&mut self, name: Symbol) -> Option<Entity> {
        if let Some(&found) = self.imports.enumerators.get(&name) {
            return found;
        }
        let text = self.name(name);
        if self.find_helper(&text).is_some() {
            return None;
        }
        let id = self.kernel.as_mut()?.find_enumerator(&text);
        let entity = id.and_then(|id| {
            let ty = self.import_type(id, 0);
            let Type::Enum(id) = *self.resolved(ty.ty) else {
                return None;
            };
            let enumerators = &self.module.types.enums[id].enumerators;
            let value = enumerators.iter().find(|(known, _)| *known == name)?.1;
            let ty = self.enumerator_type(value);
            Some(Entity::Enumerator { value, ty })
        });
        self.imports.enumerators.insert(name, entity);
        entity
    }

    /// Whether a tag of this name is known, for advice.
    pub fn find_tag_type(&mut self, name: Symbol) -> Option<()> {
        let is_known = matches!(self.scopes.find_tag(name), Some((Tag::Record(_), _)))
            || matches!(self.deferred_tag(name, Span::NONE), Some((Tag::Record(_), _)))
            || self.import_tag(name, TagKind::Struct).is_some();
        is_known.then_some(())
    }

    /// `struct name`: the source's, the kernel's, or an incomplete one.
    pub fn struct_by_name(&mut self, name: Symbol) -> TypeId {
        let declared = self.scopes.find_tag(name).or_else(|| self.deferred_tag(name, Span::NONE));
        let found = match declared {
            Some((tag @ Tag::Record(_), _)) => Some(tag),
            _ => self.import_tag(name, TagKind::Struct),
        };
        if let Some(tag) = found {
            return self.tag_type(tag);
        }
        let record = match self.imports.builtin.get(&name) {
            Some(&record) => record,
            None => {
                let Tag::Record(record) =
                    self.new_tag(TagKind::Struct, Some(name), Origin::Builtin)
                else {
                    unreachable!("a struct's tag is a record")
                };
                self.imports.builtin.insert(name, record);
                record
            }
        };
        self.tag_type(Tag::Record(record))
    }

    /// Imports the kernel type `id`.
    fn import_type(&mut self, id: u32, depth: u32) -> QualType {
        if let Some(&ty) = self.imports.by_id.get(&id) {
            return ty;
        }
        let error = QualType::plain(self.common.error);
        let Some(kernel) = self.kernel.as_mut() else {
            return error;
        };
        if depth > MAX_CHAIN {
            return error;
        }
        let depth = depth + 1;
        let none = Span::NONE;
        let ty = match kernel.ty(id) {
            KernelType::Void => QualType::plain(self.common.void),
            KernelType::Bool => QualType::plain(self.common.bool),
            KernelType::Int { name, bits, is_signed } => {
                QualType::plain(self.int_type(int_kind(&name, bits, is_signed)))
            }
            KernelType::Float { bytes } => {
                let kind = match bytes {
                    4 => FloatKind::Float,
                    8 => FloatKind::Double,
                    _ => FloatKind::LongDouble,
                };
                QualType::plain(self.derive(Type::Float(kind), none))
            }
            KernelType::Ptr(to) => {
                let to = self.import_type(to, depth);
                QualType::plain(self.ptr_to(to, none))
            }
            KernelType::Array { elem, len } => {
                let elem = self.import_type(elem, depth);
                QualType::plain(self.array_of(elem, Some(len), none))
            }
            KernelType::Tag { kind, name, is_complete } => {
                return self.import_tagged(id, kind, name, is_complete);
            }
            KernelType::Typedef { name, target } => {
                let target = self.import_type(target, depth);
                let name = self.session.intern(&name);
                let origin = Origin::Kernel(id);
                QualType::plain(
                    self.new_typedef(Typedef { name, ty: target, origin, decl_tags: Vec::new() }).1,
                )
            }
            KernelType::Qualified { quals, target } => {
                let target = self.import_type(target, depth);
                QualType { ty: target.ty, quals: types_union(quals, target.quals) }
            }
            KernelType::TypeTag { tag, target } => {
                let target = self.import_type(target, depth);
                let tag = self.session.intern(&tag);
                let ty = self.derive(Type::Tagged { inner: target.ty, tag }, none);
                QualType { ty, quals: target.quals }
            }
            KernelType::Func { ret, params, is_variadic } => {
                let ret = self.import_type(ret, depth);
                let params = params.into_iter().map(|param| self.import_type(param, depth));
                let params = params.collect();
                let ty = FuncType { ret, params, is_variadic, is_unprototyped: false };
                QualType::plain(self.func_type(ty, none))
            }
            KernelType::Other => error,
        };
        self.imports.by_id.insert(id, ty);
        ty
    }

    fn import_tagged(
        &mut self,
        id: u32,
        kind: TagKind,
        name: Option<String>,
        is_complete: bool,
    ) -> QualType {
        if !is_complete
            && let Some(name) = &name
            && let Some(full) = self.kernel.as_mut().and_then(|k| k.find_tag(kind, name))
            && full != id
        {
            let ty = self.import_type(full, 0);
            self.imports.by_id.insert(id, ty);
            return ty;
        }
        let name = name.map(|name| self.session.intern(&name));
        let tag = self.new_tag(kind, name, Origin::Kernel(id));
        if let Tag::Enum(enum_id) = tag {
            let values = self.kernel.as_mut().map_or(Vec::new(), |k| k.enumerators(id));
            let values: Vec<(Symbol, i128)> = values
                .into_iter()
                .map(|(name, value)| (self.session.intern(&name), value))
                .collect();
            let state = &mut self.module.types.enums[enum_id];
            state.repr = Some(enum_repr(&values, false));
            state.enumerators = values;
        }
        let ty = QualType::plain(self.tag_type(tag));
        self.imports.by_id.insert(id, ty);
        ty
    }

    /// Makes `ty` complete if it can be; false if it stays incomplete.
    pub fn complete(&mut self, ty: TypeId) -> bool {
        match *self.resolved(ty) {
            Type::Error | Type::Bool | Type::Int(_) | Type::Float(_) | Type::Ptr(_) => true,
            Type::Void | Type::Func(_) => false,
            Type::Array { elem, len } => len.is_some() && self.complete(elem.ty),
            Type::Enum(id) => self.module.types.enums[id].repr.is_some(),
            Type::Record(record) => self.complete_record(record),
            Type::Typedef(_) | Type::Tagged { .. } => {
                unreachable!("`resolve` removes sugar")
            }
        }
    }

    fn complete_record(&mut self, record: RecordId) -> bool {
        let node = &self.module.types.records[record];
        if node.body.is_some() {
            return true;
        }
        if self.open_records.contains(&record) {
            return false;
        }
        if self.complete_deferred(record) {
            return true;
        }
        let node = &self.module.types.records[record];
        let (name, kind, origin) = (node.name, node.kind, node.origin);
        let id = match (origin, name) {
            (Origin::Kernel(id), _) => Some(id),
            // The source only declares it: the kernel may define it.
            (_, Some(name)) => {
                let text = self.name(name);
                let kind = match kind {
                    crate::hir::RecordKind::Struct => TagKind::Struct,
                    crate::hir::RecordKind::Union => TagKind::Union,
                };
                self.kernel.as_mut().and_then(|kernel| kernel.find_tag(kind, &text))
            }
            (_, None) => None,
        };
        let Some(id) = id else { return false };
        let Some(body) = self.kernel.as_mut().and_then(|kernel| kernel.record_body(id)) else {
            return false;
        };
        let mut members = Vec::with_capacity(body.members.len());
        for member in body.members {
            let name = match member.name.as_str() {
                "" => None,
                name => Some(self.session.intern(name)),
            };
            let ty = self.import_type(member.ty, 0);
            if name.is_none() && self.record_of(ty.ty).is_none() {
                continue;
            }
            members.push(Member {
                name,
                ty,
                offset_bits: member.offset_bits,
                bits: member.bits,
                span: Span::NONE,
                decl_tags: Vec::new(),
            });
        }
        let node = &mut self.module.types.records[record];
        node.origin = Origin::Kernel(id);
        node.is_relocatable = true;
        node.body =
            Some(RecordBody { members, size: body.size, align: body.align, is_packed: false });
        true
    }

    /// Makes complete what functions that meet the kernel take and return pointers to: libbpf
    /// compares the types of kernel functions, and the verifier checks global functions for
    /// everything that fits their types (`btf_prepare_func_args` in Linux 6.12
    /// `kernel/bpf/btf.c`).
    pub fn complete_signatures(&mut self) {
        let mut met = std::mem::take(&mut self.called_kfuncs);
        let is_checked = |func: &Func| {
            func.body.is_some() && func.section.is_none() && func.linkage != Linkage::Static
        };
        let funcs = self.module.funcs.iter_enumerated();
        met.extend(funcs.filter(|(_, func)| is_checked(func)).map(|(id, _)| id));
        for func in met {
            self.complete_signature(func);
        }
    }

    fn complete_signature(&mut self, func: FuncId) {
        let Some(func) = self.as_func(self.module.funcs[func].ty) else {
            return;
        };
        let types: Vec<QualType> = func.params.iter().copied().chain([func.ret]).collect();
        for mut ty in types {
            while let Some(pointee) = self.module.types.pointee(ty.ty) {
                ty = pointee;
            }
            if self.record_of(ty.ty).is_some() {
                self.complete(ty.ty);
            }
        }
    }

    /// Makes `ty` and everything it contains by value complete: what a definition needs.
    pub fn complete_deeply(&mut self, ty: TypeId) -> bool {
        if !self.complete(ty) {
            return false;
        }
        let mut work = vec![ty];
        while let Some(ty) = work.pop() {
            match *self.resolved(ty) {
                Type::Array { elem, .. } => work.push(elem.ty),
                Type::Record(record) => {
                    if !self.complete(ty) || !self.imports.deep.insert(record) {
                        continue;
                    }
                    if let Some(body) = &self.module.types.records[record].body {
                        work.extend(body.members.iter().map(|member| member.ty.ty));
                    }
                }
                _ => {}
            }
        }
        true
    }
}

/// The integer type that BTF calls `name`.
fn int_kind(name: &str, bits: u32, is_signed: bool) -> IntKind {
    let signed = match bits {
        8 if name == "char" => return IntKind::Char,
        8 => IntKind::SChar,
        16 => IntKind::Short,
        32 => IntKind::Int,
        64 if name.contains("long long") => IntKind::LongLong,
        64 => IntKind::Long,
        _ => IntKind::Int128,
    };
    if is_signed { signed } else { signed.to_unsigned() }
}

/// Lets an exclusive reference stand where a trait object is asked for.
impl<T: KernelTypes + ?Sized> KernelTypes for &mut T {
    fn find_tag(&mut self, kind: TagKind, name: &str) -> Option<u32> {
        (**self).find_tag(kind, name)
    }
    fn find_typedef(&mut self, name: &str) -> Option<u32> {
        (**self).find_typedef(name)
    }
    fn find_enumerator(&mut self, name: &str) -> Option<u32> {
        (**self).find_enumerator(name)
    }
    fn ty(&mut self, id: u32) -> KernelType {
        (**self).ty(id)
    }
    fn record_body(&mut self, id: u32) -> Option<super::KernelRecordBody> {
        (**self).record_body(id)
    }
    fn enumerators(&mut self, id: u32) -> Vec<(String, i128)> {
        (**self).enumerators(id)
    }
}
