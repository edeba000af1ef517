//! HIR types as BTF, as clang spells them.

use super::plan::{Kept, Plan};
use bpfc_base::{IndexVec, Interner, Symbol};
use bpfc_btf::{
    BtfBuilder, EnumeratorDef, FwdKind, IntEncoding, Linkage, MemberDef, ParamDef, TypeDef, TypeId,
};
use bpfc_typeck::hir::{
    self, EnumId, FloatKind, FuncType, IntKind, Module, QualType, Record, RecordId, RecordKind,
    Type, TypedefId,
};
use rustc_hash::FxHashMap;

/// Writes types into a [`BtfBuilder`], each once.
pub struct TypeWriter<'a> {
    module: &'a Module,
    names: &'a Interner,
    plan: Plan<'a>,
    btf: BtfBuilder,
    known: FxHashMap<hir::TypeId, TypeId>,
    records: IndexVec<RecordId, Option<TypeId>>,
    enums: IndexVec<EnumId, Option<TypeId>>,
    typedefs: IndexVec<TypedefId, Option<TypeId>>,
    /// Reserved ids whose definition is still to be written: types nest without limit.
    todo: Vec<Todo>,
}

enum Todo {
    Record(RecordId, TypeId),
    Typedef(TypedefId, TypeId),
}

impl<'a> TypeWriter<'a> {
    /// Writes what `plan` says, into an empty BTF.
    pub fn new(module: &'a Module, names: &'a Interner, plan: Plan<'a>) -> Self {
        Self {
            module,
            names,
            plan,
            btf: BtfBuilder::new(),
            known: FxHashMap::default(),
            records: IndexVec::from_elem(None, module.types.records.len()),
            enums: IndexVec::from_elem(None, module.types.enums.len()),
            typedefs: IndexVec::from_elem(None, module.types.typedefs.len()),
            todo: Vec::new(),
        }
    }

    /// The types written.
    pub fn into_btf(self) -> BtfBuilder {
        self.btf
    }

    /// The type `ty` with everything it mentions.
    pub fn ty(&mut self, ty: hir::TypeId) -> TypeId {
        let id = self.mention(ty);
        self.finish();
        id
    }

    /// A `FUNC`, with names for its parameters.
    pub fn func(
        &mut self,
        func: &hir::Func,
        params: &[Option<Symbol>],
        linkage: Linkage,
    ) -> TypeId {
        let proto = match self.module.types.resolve(func.ty) {
            Type::Func(func) => self.proto(func, params),
            _ => TypeId::VOID,
        };
        let name = self.name(Some(func.name));
        let id = self.btf.push(TypeDef::Func { name, proto, linkage });
        self.tag(id, None, &func.decl_tags);
        for &(position, tag) in &func.param_tags {
            self.tag(id, Some(position), &[tag]);
        }
        self.finish();
        id
    }

    /// A `VAR`.
    pub fn var(&mut self, global: &hir::Global, linkage: Linkage) -> TypeId {
        let ty = self.mention_qualified(global.ty);
        let name = self.name(Some(global.name));
        let var = self.btf.push(TypeDef::Var { name, ty, linkage });
        self.tag(var, None, &global.decl_tags);
        self.finish();
        var
    }

    /// The `VAR` of a map that another object defines.
    pub fn declare_map(&mut self, map: &bpfc_object::Map) -> TypeId {
        map.declare(&mut self.btf)
    }

    /// The root type and the access string of a question to the kernel's BTF: the formats
    /// of `struct bpf_core_relo` (Linux 5.17 `include/uapi/linux/bpf.h`).
    pub fn query(&mut self, query: &hir::CoreQuery) -> (TypeId, String) {
        use hir::CoreKind::*;
        let access = match query.kind {
            TypeIdLocal | TypeIdTarget | TypeExists | TypeSize | TypeMatches => "0".to_owned(),
            EnumvalExists | EnumvalValue => query.path.first().copied().unwrap_or(0).to_string(),
            FieldByteOffset | FieldByteSize | FieldExists | FieldSigned | FieldLshiftU64
            | FieldRshiftU64 => self.access(query),
        };
        // Of a field the loader looks for the name of the root, and typedefs hide tags. A question about a typedef is
        // about that.
        let types = &self.module.types;
        let is_about_type =
            matches!(query.kind, TypeIdLocal | TypeIdTarget | TypeExists | TypeSize | TypeMatches);
        let has_tag = !is_about_type
            && types.record_of(query.ty).is_some_and(|record| types.records[record].name.is_some());
        let root = match has_tag {
            true => types.canonical(query.ty),
            false => query.ty,
        };
        (self.ty(root), access)
    }

    fn access(&self, query: &hir::CoreQuery) -> String {
        let types = &self.module.types;
        let (root, steps) = query.path.split_first().unwrap_or((&0, &[]));
        let mut out = root.to_string();
        let mut ty = query.ty;
        for &step in steps {
            let mut written = step;
            match types.resolve(ty) {
                Type::Record(record) => {
                    written = self.plan.position(*record, step);
                    let body = types.records[*record].body.as_ref();
                    if let Some(member) = body.and_then(|body| body.members.get(step as usize)) {
                        ty = member.ty.ty;
                    }
                }
                Type::Array { elem, .. } => ty = elem.ty,
                _ => {}
            }
            out += &format!(":{written}");
        }
        out
    }

    fn name(&self, name: Option<Symbol>) -> String {
        name.map_or("", |name| self.names.resolve(name)).to_owned()
    }

    fn tag(&mut self, target: TypeId, component_idx: Option<u32>, tags: &[Symbol]) {
        for &tag in tags {
            let name = self.name(Some(tag));
            self.btf.push(TypeDef::DeclTag { name, target, component_idx, is_attribute: false });
        }
    }

    fn finish(&mut self) {
        while let Some(todo) = self.todo.pop() {
            match todo {
                Todo::Record(record, id) => self.define_record(record, id),
                Todo::Typedef(typedef, id) => {
                    let typedef = &self.module.types.typedefs[typedef];
                    let target = self.mention_qualified(typedef.ty);
                    let name = self.name(Some(typedef.name));
                    self.btf.define(id, TypeDef::Typedef { name, target });
                    self.tag(id, None, &typedef.decl_tags);
                }
            }
        }
    }

    fn mention_qualified(&mut self, ty: QualType) -> TypeId {
        // C11 6.7.3p9: the qualifiers of an array are those of its elements.
        if let Type::Array { elem, len } = self.module.types.get(ty.ty) {
            let mut elem = *elem;
            elem.quals.is_const |= ty.quals.is_const;
            elem.quals.is_volatile |= ty.quals.is_volatile;
            return self.array(elem, *len);
        }
        let mut target = self.mention(ty.ty);
        if ty.quals.is_restrict {
            target = self.btf.intern(TypeDef::Restrict { target });
        }
        if ty.quals.is_volatile {
            target = self.btf.intern(TypeDef::Volatile { target });
        }
        if ty.quals.is_const {
            target = self.btf.intern(TypeDef::Const { target });
        }
        target
    }

    /// The id of a type; definitions of records and typedefs may follow.
    fn mention(&mut self, ty: hir::TypeId) -> TypeId {
        if let Some(&id) = self.known.get(&ty) {
            return id;
        }
        let id = match self.module.types.get(ty) {
            Type::Error | Type::Void => TypeId::VOID,
            Type::Bool => self.int("_Bool", 1, IntEncoding::Bool),
            Type::Int(kind) => {
                let (name, encoding) = spell(*kind);
                self.int(name, kind.bits() / 8, encoding)
            }
            Type::Float(kind) => {
                let (name, size_bytes) = match kind {
                    FloatKind::Float => ("float", 4),
                    FloatKind::Double => ("double", 8),
                    FloatKind::LongDouble => ("long double", 16),
                };
                let name = name.to_owned();
                self.btf.intern(TypeDef::Float { name, size_bytes })
            }
            Type::Ptr(pointee) => {
                let target = self.mention_qualified(*pointee);
                self.btf.intern(TypeDef::Ptr { target })
            }
            Type::Array { elem, len } => self.array(*elem, *len),
            Type::Func(func) => self.proto(func, &[]),
            Type::Record(record) => self.record(*record),
            Type::Enum(id) => self.enumeration(*id),
            Type::Typedef(typedef) => self.typedef(*typedef),
            // Sugar of C that the kernel knows nothing of.
            Type::Tagged { inner, tag } if self.name(Some(*tag)).starts_with("address_space(") => {
                self.mention(*inner)
            }
            Type::Tagged { inner, tag } => {
                let target = self.mention(*inner);
                let name = self.name(Some(*tag));
                self.btf.intern(TypeDef::TypeTag { name, target, is_attribute: false })
            }
        };
        self.known.insert(ty, id);
        id
    }

    fn int(&mut self, name: &str, size_bytes: u32, encoding: IntEncoding) -> TypeId {
        self.btf.intern(TypeDef::int(name, size_bytes, encoding))
    }

    fn array(&mut self, elem: QualType, len: Option<u64>) -> TypeId {
        let element = self.mention_qualified(elem);
        let index = self.int("__ARRAY_SIZE_TYPE__", 4, IntEncoding::Unsigned);
        let n_elements = u32::try_from(len.unwrap_or(0)).unwrap_or(u32::MAX);
        self.btf.intern(TypeDef::Array { element, index, n_elements })
    }

    fn proto(&mut self, func: &FuncType, names: &[Option<Symbol>]) -> TypeId {
        let ret = self.mention_qualified(func.ret);
        let mut params = Vec::with_capacity(func.params.len());
        for (idx, &param) in func.params.iter().enumerate() {
            let name = self.name(names.get(idx).copied().flatten());
            let ty = self.mention_qualified(param);
            params.push(ParamDef { name, ty });
        }
        self.btf.intern(TypeDef::FuncProto { ret, params, is_variadic: func.is_variadic })
    }

    fn typedef(&mut self, id: TypedefId) -> TypeId {
        if let Some(known) = self.typedefs[id] {
            return known;
        }
        let reserved = self.btf.reserve();
        self.typedefs[id] = Some(reserved);
        self.todo.push(Todo::Typedef(id, reserved));
        reserved
    }

    fn record(&mut self, id: RecordId) -> TypeId {
        if let Some(known) = self.records[id] {
            return known;
        }
        let record = &self.module.types.records[id];
        let written = if self.plan.kept(id).is_some() {
            let reserved = self.btf.reserve();
            self.todo.push(Todo::Record(id, reserved));
            reserved
        } else if record.name.is_some() {
            let name = self.name(record.name);
            let fwd_kind = match record.kind {
                RecordKind::Struct => FwdKind::Struct,
                RecordKind::Union => FwdKind::Union,
            };
            self.btf.intern(TypeDef::Fwd { name, fwd_kind })
        } else {
            // Nothing can declare it.
            TypeId::VOID
        };
        self.records[id] = Some(written);
        written
    }

    fn define_record(&mut self, id: RecordId, reserved: TypeId) {
        let record = &self.module.types.records[id];
        let Some(body) = &record.body else {
            unreachable!("only records with a body are kept");
        };
        let name = self.name(record.name);
        let size_bytes = u32::try_from(body.size).unwrap_or(u32::MAX);
        let is_kept = |idx: usize| match self.plan.kept(id) {
            Some(Kept::Some(members)) => members.contains(&(idx as u32)),
            _ => true,
        };
        let kept: Vec<usize> = (0..body.members.len()).filter(|&idx| is_kept(idx)).collect();
        let mut members = Vec::with_capacity(kept.len());
        for &idx in &kept {
            let member = &body.members[idx];
            let ty = match self.is_incomplete(member.ty.ty) {
                true => self.filler(record, idx),
                false => self.mention_qualified(member.ty),
            };
            members.push(MemberDef {
                name: self.name(member.name),
                ty,
                bit_offset: u32::try_from(member.offset_bits).unwrap_or(u32::MAX),
                bitfield_bits: member.bits.and_then(|bits| u8::try_from(bits).ok()),
            });
        }
        let def = match record.kind {
            RecordKind::Struct => TypeDef::Struct { name, size_bytes, members },
            RecordKind::Union => TypeDef::Union { name, size_bytes, members },
        };
        self.btf.define(reserved, def);
        self.tag(reserved, None, &record.decl_tags);
        for (position, &idx) in kept.iter().enumerate() {
            self.tag(reserved, Some(position as u32), &body.members[idx].decl_tags);
        }
    }

    /// True for records that are declared only, and arrays of them: BTF has no members of
    /// such types, but members of kernel records may be of types that nothing imported.
    fn is_incomplete(&self, ty: hir::TypeId) -> bool {
        match self.module.types.resolve(ty) {
            Type::Record(record) => self.plan.kept(*record).is_none(),
            Type::Array { elem, .. } => self.is_incomplete(elem.ty),
            _ => false,
        }
    }

    /// Bytes up to the next member, in place of a type that is not known.
    fn filler(&mut self, record: &Record, idx: usize) -> TypeId {
        let bytes = record.body.as_ref().map_or(0, |body| {
            let from = body.members[idx].offset_bits;
            let later = body.members.iter().map(|member| member.offset_bits);
            let next = later.filter(|&offset| offset > from).min();
            (next.unwrap_or(body.size * 8) - from) / 8
        });
        let element = self.int("unsigned char", 1, IntEncoding::Unsigned);
        let index = self.int("__ARRAY_SIZE_TYPE__", 4, IntEncoding::Unsigned);
        self.btf.intern(TypeDef::Array {
            element,
            index,
            n_elements: u32::try_from(bytes).unwrap_or(u32::MAX),
        })
    }

    fn enumeration(&mut self, id: EnumId) -> TypeId {
        if let Some(known) = self.enums[id] {
            return known;
        }
        let def = &self.module.types.enums[id];
        let kind = def.repr.unwrap_or(IntKind::UInt);
        let enumerator =
            |&(name, value): &(Symbol, i128)| EnumeratorDef { name: self.name(Some(name)), value };
        let enumerators: Vec<EnumeratorDef> = def.enumerators.iter().map(enumerator).collect();
        let name = self.name(def.name);
        let size_bytes = kind.bits() / 8;
        let is_signed = def.enumerators.iter().any(|&(_, value)| value < 0);
        let range = match is_signed {
            true => i128::from(i32::MIN)..=i128::from(i32::MAX),
            false => 0..=i128::from(u32::MAX),
        };
        let is_narrow = def.enumerators.iter().all(|(_, value)| range.contains(value));
        let written = self.btf.push(match is_narrow {
            true => TypeDef::Enum { name, size_bytes, is_signed, enumerators },
            false => TypeDef::Enum64 { name, size_bytes, is_signed, enumerators },
        });
        self.enums[id] = Some(written);
        written
    }
}

/// Name and encoding of an integer type, as clang has them.
fn spell(kind: IntKind) -> (&'static str, IntEncoding) {
    use IntEncoding::{Signed, Unsigned};
    match kind {
        IntKind::Char => ("char", Signed),
        IntKind::SChar => ("signed char", Signed),
        IntKind::UChar => ("unsigned char", Unsigned),
        IntKind::Short => ("short", Signed),
        IntKind::UShort => ("unsigned short", Unsigned),
        IntKind::Int => ("int", Signed),
        IntKind::UInt => ("unsigned int", Unsigned),
        IntKind::Long => ("long", Signed),
        IntKind::ULong => ("unsigned long", Unsigned),
        IntKind::LongLong => ("long long", Signed),
        IntKind::ULongLong => ("unsigned long long", Unsigned),
        IntKind::Int128 => ("__int128", Signed),
        IntKind::UInt128 => ("unsigned __int128", Unsigned),
    }
}
