//! Which pointers point to kernel memory: inferred from where they come from, over the
//! whole module, without regard to the order of statements.
//!
//! Every object has cells, by offset in bytes; a value is what is known of the memory
//! behind it if it were a pointer, and the objects that it may point to. Sources of kernel
//! pointers are contexts, helpers, and kernel memory itself. Values flow through
//! assignments, calls, maps and helpers that copy; cells only ever gain values, so the
//! inference ends.

use super::programs::Program;
use crate::hir::{
    BinaryOp, Body, Builtin, Callee, ExprId, ExprKind, FuncId, GlobalId, GlobalKind, InitValue,
    LocalId, Module, PlaceId, PlaceKind, StmtId, StmtKind, Type,
};
use crate::walk::{Node, walk};
use bpfc_base::{Idx, Span};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of the memory that a value points to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Bits(u8);

impl Bits {
    /// Memory of the program's own, or that the kernel lets it read.
    pub const NONE: Bits = Bits(0);
    /// Kernel memory.
    pub const KERNEL: Bits = Bits(1);
    /// An argument of a function that may be of the kernel or of a process.
    pub const ANY: Bits = Bits(2);
    /// An argument of a system call: mostly memory of a process.
    pub const SYSCALL: Bits = Bits(4);

    pub fn contains(self, other: Bits) -> bool {
        self.0 & other.0 == other.0 && other != Bits::NONE
    }
}

/// A load through a pointer of the kernel.
#[derive(Clone, Copy, Debug)]
pub(super) struct KernelRead {
    pub load: ExprId,
    pub bits: Bits,
}

/// An object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Object {
    Local(FuncId, LocalId),
    Global(GlobalId),
    /// The values of a map, all as one.
    MapValue(GlobalId),
    /// The struct that a function returns.
    Returned(FuncId),
    /// A context whose words are of this kind.
    Context(Bits),
}

/// A place in an object; `None` is anywhere in it.
type Offset = Option<i64>;

/// What is known of a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Value {
    bits: Bits,
    to: BTreeSet<(Object, Offset)>,
}

impl Value {
    fn bits(bits: Bits) -> Self {
        Self { bits, to: BTreeSet::new() }
    }

    fn object(object: Object) -> Self {
        Self { bits: Bits::NONE, to: BTreeSet::from([(object, Some(0))]) }
    }

    fn is_empty(&self) -> bool {
        self.bits == Bits::NONE && self.to.is_empty()
    }

    fn join(&mut self, other: &Value) -> bool {
        let before = (self.bits, self.to.len());
        self.bits.0 |= other.bits.0;
        self.to.extend(other.to.iter().copied());
        if self.to.len() > MAX_TARGETS {
            self.to = self.to.iter().map(|(object, _)| (*object, None)).collect();
        }
        before != (self.bits, self.to.len())
    }

    fn shifted(mut self, by: Offset) -> Self {
        if by != Some(0) {
            let shift =
                |offset: Offset| offset?.checked_add(by?).filter(|at| at.abs() < MAX_OFFSET);
            self.to = self.to.into_iter().map(|(it, at)| (it, shift(at))).collect();
        }
        self
    }
}

/// Places one value may point to before only their objects are remembered.
const MAX_TARGETS: usize = 64;
/// Objects are smaller than this.
const MAX_OFFSET: i64 = 1 << 20;
/// Rounds of the inference; the lattice is finite, this bounds its cost.
const MAX_ROUNDS: usize = 40;
/// Bytes of a pointer: what has fewer is none.
const POINTER_BYTES: u64 = 8;
/// Pointers that one helper may copy into an object, as far as they are followed.
const MAX_COPIED: i64 = 64;

/// The inference over a module.
pub(super) struct Spaces<'m> {
    module: &'m Module,
    cells: FxHashMap<Object, BTreeMap<Offset, Value>>,
    returns: FxHashMap<FuncId, Value>,
    is_changed: bool,
}

impl<'m> Spaces<'m> {
    /// Infers where pointers point to.
    pub fn of(module: &'m Module, programs: &[Program]) -> Self {
        let mut spaces = Self {
            module,
            cells: FxHashMap::default(),
            returns: FxHashMap::default(),
            is_changed: false,
        };
        for program in programs {
            let ctx = Object::Local(program.func, LocalId::new(0));
            spaces.store(ctx, Some(0), &Value::object(Object::Context(program.ctx)));
            if program.is_wrapped {
                for &param in &program.params {
                    let param = Object::Local(program.func, param);
                    spaces.store(param, Some(0), &Value::bits(program.ctx));
                }
            }
        }
        for _ in 0..MAX_ROUNDS {
            spaces.is_changed = false;
            for (func, body) in bodies(module) {
                spaces.round(func, body);
            }
            if !spaces.is_changed {
                break;
            }
        }
        spaces
    }

    /// The loads of kernel memory of each function, in order.
    pub fn reads(&self) -> Vec<(FuncId, Vec<KernelRead>)> {
        let of_func = |(func, body)| {
            let view = View { spaces: self, func, body };
            let mut reads = Vec::new();
            walk(body, |node| {
                if let Node::Expr(load) = node
                    && let ExprKind::Load(place) = body.exprs[load].kind
                {
                    let bits = view.address(place).bits;
                    if bits != Bits::NONE {
                        reads.push(KernelRead { load, bits });
                    }
                }
            });
            (func, reads)
        };
        let all = bodies(self.module).map(of_func);
        all.filter(|(_, reads)| !reads.is_empty()).collect()
    }

    /// The writes to what is surely no memory of the program's own, in order: where they are,
    /// and what is known of the memory.
    pub fn writes(&self) -> Vec<(Span, Bits)> {
        let mut writes = Vec::new();
        for (func, body) in bodies(self.module) {
            let view = View { spaces: self, func, body };
            walk(body, |node| {
                let Node::Expr(write) = node else { return };
                let address = match body.exprs[write].kind {
                    ExprKind::Assign { place, .. }
                    | ExprKind::AssignOp { place, .. }
                    | ExprKind::AssignPtrAdd { place, .. }
                    | ExprKind::IncDec { place, .. } => view.address(place),
                    ExprKind::Atomic { ptr, .. } => view.value(ptr),
                    _ => return,
                };
                if address.bits != Bits::NONE && address.to.is_empty() {
                    writes.push((body.exprs[write].span, address.bits));
                }
            });
        }
        writes
    }

    fn round(&mut self, func: FuncId, body: &Body) {
        let mut nodes = Vec::new();
        walk(body, |node| nodes.push(node));
        for node in nodes {
            match node {
                Node::Expr(id) => self.expr_effect(func, body, id),
                Node::Stmt(id) => self.stmt_effect(func, body, id),
                Node::Place(_) => {}
            }
        }
    }

    fn view<'s>(&'s self, func: FuncId, body: &'s Body) -> View<'s, 'm> {
        View { spaces: self, func, body }
    }

    fn stmt_effect(&mut self, func: FuncId, body: &Body, id: StmtId) {
        match &body.stmts[id].kind {
            StmtKind::Init(local, init) => {
                for item in &init.items {
                    if let InitValue::Expr(value) = item.value {
                        let at = i64::try_from(item.offset_bits / 8).unwrap_or(0);
                        let to = Value::object(Object::Local(func, *local)).shifted(Some(at));
                        self.assign(func, body, &to, value);
                    }
                }
            }
            StmtKind::Return(Some(value)) => {
                if self.is_record(body, *value) {
                    let to = Value::object(Object::Returned(func));
                    self.assign(func, body, &to, *value);
                } else {
                    let value = self.view(func, body).value(*value);
                    let slot = self.returns.entry(func).or_default();
                    self.is_changed |= slot.join(&value);
                }
            }
            _ => {}
        }
    }

    fn expr_effect(&mut self, func: FuncId, body: &Body, id: ExprId) {
        match &body.exprs[id].kind {
            ExprKind::Assign { place, value } => {
                let to = self.view(func, body).address(*place);
                self.assign(func, body, &to, *value);
            }
            ExprKind::Call { callee: Callee::Func(callee), args } => {
                self.pass_arguments(func, body, *callee, args)
            }
            ExprKind::Call { callee: Callee::Helper(helper), args } => {
                self.helper_effect(func, body, *helper, args)
            }
            ExprKind::Builtin(Builtin::Memcpy | Builtin::Memmove, args) => {
                if let &[to, from, size] = &args[..] {
                    let view = self.view(func, body);
                    let (to, from) = (view.value(to), view.value(from));
                    let size = view.constant(size).unwrap_or(MAX_OFFSET);
                    self.copy(&to, &from, size);
                }
            }
            ExprKind::Atomic { ptr, operands, .. } => {
                let view = self.view(func, body);
                let to = view.value(*ptr);
                let values: Vec<Value> = operands.iter().map(|&it| view.value(it)).collect();
                for value in values {
                    self.store_all(&to, &value);
                }
            }
            _ => {}
        }
    }

    fn pass_arguments(&mut self, func: FuncId, body: &Body, callee: FuncId, args: &[ExprId]) {
        for (index, &arg) in args.iter().enumerate() {
            let to = Value::object(Object::Local(callee, LocalId::new(index)));
            self.assign(func, body, &to, arg);
        }
    }

    /// `*to = value`
    fn assign(&mut self, func: FuncId, body: &Body, to: &Value, value: ExprId) {
        if self.is_record(body, value) {
            let from = self.view(func, body).record_address(value);
            let size = self.module.types.size_of(body.exprs[value].ty);
            self.copy(to, &from, size.and_then(|n| i64::try_from(n).ok()).unwrap_or(0));
        } else {
            let value = self.view(func, body).value(value);
            self.store_all(to, &value);
        }
    }

    fn helper_effect(&mut self, func: FuncId, body: &Body, helper: u32, args: &[ExprId]) {
        let name = bpfc_kabi::helper_by_id(helper).map_or("", |helper| helper.name);
        let view = self.view(func, body);
        let map = |index: usize| args.get(index).and_then(|&arg| view.map(arg));
        let value = |index: usize| args.get(index).map(|&arg| view.value(arg)).unwrap_or_default();
        match name {
            "bpf_map_update_elem" | "bpf_map_push_elem" => {
                let Some(map) = map(0) else { return };
                let from = value(if name == "bpf_map_update_elem" { 2 } else { 1 });
                self.copy(&Value::object(Object::MapValue(map)), &from, MAX_OFFSET);
            }
            "bpf_map_pop_elem" | "bpf_map_peek_elem" => {
                let Some(map) = map(0) else { return };
                let to = value(1);
                self.copy(&to, &Value::object(Object::MapValue(map)), MAX_OFFSET);
            }
            "bpf_probe_read" | "bpf_probe_read_kernel" | "bpf_probe_read_user" => {
                let (to, mut from) = (value(0), value(2));
                if from.bits == Bits::NONE {
                    from.bits = match name {
                        "bpf_probe_read_kernel" => Bits::KERNEL,
                        "bpf_probe_read_user" => Bits::SYSCALL,
                        _ => Bits::ANY,
                    };
                }
                let size = args.get(1).and_then(|&size| view.constant(size));
                self.copy(&to, &from, size.unwrap_or(MAX_COPIED * 8));
            }
            _ => {}
        }
    }

    fn store_all(&mut self, to: &Value, value: &Value) {
        if value.is_empty() {
            return;
        }
        for &(object, offset) in &to.to {
            self.store(object, offset, value);
        }
    }

    fn store(&mut self, object: Object, offset: Offset, value: &Value) {
        let cell = self.cells.entry(object).or_default().entry(offset).or_default();
        self.is_changed |= cell.join(value);
    }

    /// Copies `size` bytes.
    fn copy(&mut self, to: &Value, from: &Value, size: i64) {
        let mut found: Vec<(Offset, Value)> = Vec::new();
        for (object, start) in &from.to {
            if let Object::Context(bits) = object {
                found.extend(words(size, Value::bits(*bits)));
            }
            let Some(cells) = self.cells.get(object) else {
                continue;
            };
            for (at, value) in cells {
                let relative = at.and_then(|at| Some(at - (*start)?));
                if relative.is_none_or(|at| (0..size).contains(&at)) {
                    found.push((relative, value.clone()));
                }
            }
        }
        if from.bits != Bits::NONE {
            found.extend(words(size, Value::bits(from.bits)));
        }
        for &(object, start) in &to.to {
            for (at, value) in &found {
                let offset = start.and_then(|start| start.checked_add((*at)?));
                self.store(object, offset, value);
            }
        }
    }

    fn is_record(&self, body: &Body, value: ExprId) -> bool {
        matches!(self.module.types.resolve(body.exprs[value].ty), Type::Record(_))
    }

    fn content(&self, object: Object, offset: Offset) -> Value {
        if let Object::Context(bits) = object {
            return Value::bits(bits);
        }
        let mut content = Value::default();
        for (at, value) in self.cells.get(&object).into_iter().flatten() {
            if at.is_none() || offset.is_none() || *at == offset {
                content.join(value);
            }
        }
        content
    }
}

/// The same value in every word of `size` bytes.
fn words(size: i64, value: Value) -> impl Iterator<Item = (Offset, Value)> {
    let n_words = (size / POINTER_BYTES as i64).clamp(0, MAX_COPIED);
    (0..n_words).map(move |word| (Some(word * POINTER_BYTES as i64), value.clone()))
}

fn bodies(module: &Module) -> impl Iterator<Item = (FuncId, &Body)> {
    let funcs = module.funcs.iter_enumerated();
    funcs.filter_map(|(id, func)| Some((id, func.body.as_ref()?)))
}

/// A function in the light of what is known so far.
struct View<'s, 'm> {
    spaces: &'s Spaces<'m>,
    func: FuncId,
    body: &'s Body,
}

impl View<'_, '_> {
    fn value(&self, id: ExprId) -> Value {
        let expr = &self.body.exprs[id];
        let types = &self.spaces.module.types;
        if types.size_of(expr.ty).is_some_and(|n| n != POINTER_BYTES) {
            return Value::default();
        }
        match &expr.kind {
            ExprKind::Load(place)
            | ExprKind::AssignOp { place, .. }
            | ExprKind::AssignPtrAdd { place, .. }
            | ExprKind::IncDec { place, .. } => self.content(*place),
            ExprKind::AddrOf(place) => self.address(*place),
            ExprKind::Cast(inner) => self.value(*inner),
            ExprKind::Binary(
                BinaryOp::Add | BinaryOp::Sub | BinaryOp::And | BinaryOp::Or | BinaryOp::Xor,
                a,
                b,
            ) => {
                let mut value = self.value(*a).shifted(None);
                value.join(&self.value(*b).shifted(None));
                value
            }
            ExprKind::PtrAdd { ptr, index, scale } => {
                let by = self.constant(*index).and_then(|n| n.checked_mul(*scale));
                self.value(*ptr).shifted(by)
            }
            ExprKind::Conditional { then, otherwise, .. } => {
                let mut value = self.value(*then);
                value.join(&self.value(*otherwise));
                value
            }
            ExprKind::Comma(_, value) | ExprKind::Assign { value, .. } => self.value(*value),
            ExprKind::StmtExpr { value: Some(value), .. } => self.value(*value),
            ExprKind::Call { callee, args } => self.result(*callee, args),
            ExprKind::Builtin(
                Builtin::Expect
                | Builtin::Opaque
                | Builtin::Memcpy
                | Builtin::Memmove
                | Builtin::Memset,
                args,
            ) => args.first().map(|&arg| self.value(arg)).unwrap_or_default(),
            ExprKind::Atomic { ptr, .. } => self.behind(&self.value(*ptr)),
            _ => Value::default(),
        }
    }

    fn result(&self, callee: Callee, args: &[ExprId]) -> Value {
        match callee {
            Callee::Func(func) => self.spaces.returns.get(&func).cloned().unwrap_or_default(),
            Callee::Helper(helper) => {
                let name = bpfc_kabi::helper_by_id(helper).map_or("", |helper| helper.name);
                let map = args.first().and_then(|&arg| self.map(arg));
                match (name, map) {
                    ("bpf_get_current_task", _) => Value::bits(Bits::KERNEL),
                    (
                        "bpf_map_lookup_elem"
                        | "bpf_map_lookup_percpu_elem"
                        | "bpf_ringbuf_reserve"
                        | "bpf_sk_storage_get"
                        | "bpf_inode_storage_get"
                        | "bpf_task_storage_get"
                        | "bpf_cgrp_storage_get"
                        | "bpf_get_local_storage",
                        Some(map),
                    ) => Value::object(Object::MapValue(map)),
                    _ => Value::default(),
                }
            }
            Callee::Pointer(_) => Value::default(),
        }
    }

    /// `&place`
    fn address(&self, place: PlaceId) -> Value {
        match self.body.places[place].kind {
            PlaceKind::Error => Value::default(),
            PlaceKind::Local(local) | PlaceKind::Temp { local, .. } => {
                Value::object(Object::Local(self.func, local))
            }
            PlaceKind::Global(global) => Value::object(Object::Global(global)),
            PlaceKind::Deref(ptr) => self.value(ptr),
            PlaceKind::Member { base, member, .. } => {
                let by = self.member_offset(base, member);
                self.address(base).shifted(by)
            }
            PlaceKind::Index { base, index } => {
                let types = &self.spaces.module.types;
                let size = types.size_of(self.body.places[place].ty.ty);
                let by = self.constant(index).zip(size);
                let by = by.and_then(|(n, size)| n.checked_mul(i64::try_from(size).ok()?));
                self.address(base).shifted(by)
            }
        }
    }

    fn member_offset(&self, base: PlaceId, member: u32) -> Offset {
        let types = &self.spaces.module.types;
        let record = types.record_of(self.body.places[base].ty.ty)?;
        let body = types.records[record].body.as_ref()?;
        i64::try_from(body.members.get(member as usize)?.offset_bits / 8).ok()
    }

    fn content(&self, place: PlaceId) -> Value {
        self.behind(&self.address(place))
    }

    /// `*value`
    fn behind(&self, value: &Value) -> Value {
        let mut content = Value::bits(value.bits);
        for &(object, offset) in &value.to {
            content.join(&self.spaces.content(object, offset));
        }
        content
    }

    /// Where the struct that `value` is comes from.
    fn record_address(&self, value: ExprId) -> Value {
        match &self.body.exprs[value].kind {
            ExprKind::Load(place) | ExprKind::Assign { place, .. } => self.address(*place),
            ExprKind::Comma(_, value) => self.record_address(*value),
            ExprKind::StmtExpr { value: Some(value), .. } => self.record_address(*value),
            ExprKind::Conditional { then, otherwise, .. } => {
                let mut from = self.record_address(*then);
                from.join(&self.record_address(*otherwise));
                from
            }
            ExprKind::Call { callee: Callee::Func(func), .. } => {
                Value::object(Object::Returned(*func))
            }
            _ => Value::default(),
        }
    }

    /// The map whose address `arg` is.
    fn map(&self, mut arg: ExprId) -> Option<GlobalId> {
        while let ExprKind::Cast(inner) = self.body.exprs[arg].kind {
            arg = inner;
        }
        let ExprKind::AddrOf(place) = self.body.exprs[arg].kind else {
            return None;
        };
        let PlaceKind::Global(global) = self.body.places[place].kind else {
            return None;
        };
        let kind = &self.spaces.module.globals[global].kind;
        matches!(kind, GlobalKind::Map(_)).then_some(global)
    }

    fn constant(&self, id: ExprId) -> Option<i64> {
        match self.body.exprs[id].kind {
            ExprKind::Int(value) => i64::try_from(value).ok(),
            ExprKind::Cast(inner) => self.constant(inner),
            _ => None,
        }
    }
}
