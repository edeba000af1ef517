//! Methods of tables: `table.method(args)` is a helper call, or a few.

use super::Table;
use crate::checker::Checker;
use crate::convert::Why;
use crate::hir::{
    AtomicOp, BinaryOp, ExprId, ExprKind, GlobalId, PlaceKind, QualType, StmtId, StmtKind, TypeId,
};
use bpfc_base::codes::bcc::{E0501, E0502};
use bpfc_base::codes::types::E0306;
use bpfc_base::similar::most_similar;
use bpfc_base::{Diagnostic, Span};
use bpfc_kabi::MapType;
use bpfc_parser::ast;

/// What a parameter of a method is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Param {
    /// A pointer to a key.
    Key,
    /// A pointer to a value.
    Leaf,
    /// Any pointer.
    Ptr,
    /// A number.
    Number,
}

/// What a helper gets.
#[derive(Clone, Copy)]
enum Arg {
    Map,
    /// The method's parameter of this index.
    Param(usize),
    Const(u64),
}

/// What a method returns.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ret {
    /// What the helper does.
    Helper,
    /// A pointer to a value.
    Leaf,
}

/// A method that is one helper call.
struct Simple {
    name: &'static str,
    params: &'static [Param],
    helper: &'static str,
    args: &'static [Arg],
    ret: Ret,
}

/// `BPF_F_CURRENT_CPU`
const CURRENT_CPU: u64 = 0xffff_ffff;
/// `BPF_NOEXIST`
const NO_EXIST: u64 = 1;

macro_rules! simple {
    ($($name:literal ($($param:ident),*) = $helper:literal ($($arg:expr),*) $ret:ident;)*) => {
        &[$(Simple {
            name: $name,
            params: &[$(Param::$param),*],
            helper: $helper,
            args: &[$($arg),*],
            ret: Ret::$ret,
        }),*]
    };
}

use Arg::{Const, Map, Param as P};

/// The methods that are one helper call each.
const SIMPLE: &[Simple] = simple! {
    "lookup" (Key) = "bpf_map_lookup_elem" (Map, P(0)) Leaf;
    "update" (Key, Leaf) = "bpf_map_update_elem" (Map, P(0), P(1), Const(0)) Helper;
    "insert" (Key, Leaf) = "bpf_map_update_elem" (Map, P(0), P(1), Const(NO_EXIST)) Helper;
    "delete" (Key) = "bpf_map_delete_elem" (Map, P(0)) Helper;
    "perf_submit" (Ptr, Ptr, Number)
        = "bpf_perf_event_output" (P(0), Map, Const(CURRENT_CPU), P(1), P(2)) Helper;
    "ringbuf_output" (Ptr, Number, Number) = "bpf_ringbuf_output" (Map, P(0), P(1), P(2)) Helper;
    "ringbuf_reserve" (Number) = "bpf_ringbuf_reserve" (Map, P(0), Const(0)) Helper;
    "ringbuf_submit" (Ptr, Number) = "bpf_ringbuf_submit" (P(0), P(1)) Helper;
    "ringbuf_discard" (Ptr, Number) = "bpf_ringbuf_discard" (P(0), P(1)) Helper;
    "ringbuf_query" (Number) = "bpf_ringbuf_query" (Map, P(0)) Helper;
    "call" (Ptr, Number) = "bpf_tail_call" (P(0), Map, P(1)) Helper;
    "get_stackid" (Ptr, Number) = "bpf_get_stackid" (P(0), Map, P(1)) Helper;
    "redirect_map" (Number, Number) = "bpf_redirect_map" (Map, P(0), P(1)) Helper;
    "perf_read" (Number) = "bpf_perf_event_read" (Map, P(0)) Helper;
    "perf_counter_value" (Number, Ptr, Number)
        = "bpf_perf_event_read_value" (Map, P(0), P(1), P(2)) Helper;
    "check_current_task" (Number) = "bpf_current_task_under_cgroup" (Map, P(0)) Helper;
    "push" (Leaf, Number) = "bpf_map_push_elem" (Map, P(0), P(1)) Helper;
    "pop" (Leaf) = "bpf_map_pop_elem" (Map, P(0)) Helper;
    "peek" (Leaf) = "bpf_map_peek_elem" (Map, P(0)) Helper;
    "sk_storage_get" (Ptr, Ptr, Number) = "bpf_sk_storage_get" (Map, P(0), P(1), P(2)) Leaf;
    "sk_storage_delete" (Ptr) = "bpf_sk_storage_delete" (Map, P(0)) Helper;
    "inode_storage_get" (Ptr, Ptr, Number) = "bpf_inode_storage_get" (Map, P(0), P(1), P(2)) Leaf;
    "inode_storage_delete" (Ptr) = "bpf_inode_storage_delete" (Map, P(0)) Helper;
    "task_storage_get" (Ptr, Ptr, Number) = "bpf_task_storage_get" (Map, P(0), P(1), P(2)) Leaf;
    "task_storage_delete" (Ptr) = "bpf_task_storage_delete" (Map, P(0)) Helper;
    "get_local_storage" (Number) = "bpf_get_local_storage" (Map, P(0)) Leaf;
    "sock_map_update" (Ptr, Ptr, Number) = "bpf_sock_map_update" (P(0), Map, P(1), P(2)) Helper;
    "sock_hash_update" (Ptr, Ptr, Number) = "bpf_sock_hash_update" (P(0), Map, P(1), P(2)) Helper;
    "msg_redirect_map" (Ptr, Number, Number) = "bpf_msg_redirect_map" (P(0), Map, P(1), P(2)) Helper;
    "msg_redirect_hash" (Ptr, Ptr, Number) = "bpf_msg_redirect_hash" (P(0), Map, P(1), P(2)) Helper;
    "sk_redirect_map" (Ptr, Number, Number) = "bpf_sk_redirect_map" (P(0), Map, P(1), P(2)) Helper;
    "sk_redirect_hash" (Ptr, Ptr, Number) = "bpf_sk_redirect_hash" (P(0), Map, P(1), P(2)) Helper;
};

/// The methods that take more than a call.
const COMPOUND: &[&str] = &[
    "lookup_or_init",
    "lookup_or_try_init",
    "increment",
    "atomic_increment",
    "perf_submit_skb",
];

/// Methods that only tables of one kind have.
const RESTRICTED: &[(&str, &[MapType])] = &[
    ("perf_submit", &[MapType::PerfEventArray]),
    ("perf_submit_skb", &[MapType::PerfEventArray]),
    ("perf_read", &[MapType::PerfEventArray]),
    ("perf_counter_value", &[MapType::PerfEventArray]),
    ("ringbuf_output", &[MapType::Ringbuf]),
    ("ringbuf_reserve", &[MapType::Ringbuf]),
    ("ringbuf_submit", &[MapType::Ringbuf]),
    ("ringbuf_discard", &[MapType::Ringbuf]),
    ("ringbuf_query", &[MapType::Ringbuf]),
    ("call", &[MapType::ProgArray]),
    ("get_stackid", &[MapType::StackTrace]),
    ("push", &[MapType::Queue, MapType::Stack]),
    ("pop", &[MapType::Queue, MapType::Stack]),
    ("peek", &[MapType::Queue, MapType::Stack]),
];

/// A method call that is being checked.
struct Method<'m> {
    table: Table,
    global: GlobalId,
    name: &'m str,
    name_span: Span,
    args: &'m [ast::ExprId],
    span: Span,
}

impl Checker<'_> {
    /// `table.method(args)`, if that is what the call is.
    pub fn method_call(
        &mut self,
        callee: ast::ExprId,
        args: &[ast::ExprId],
        span: Span,
    ) -> Option<ExprId> {
        if !self.is_bcc() {
            return None;
        }
        let ast::ExprKind::Member {
            base,
            member,
            member_span,
        } = self.unit.exprs[callee].kind
        else {
            return None;
        };
        let name = self.plain_name(base)?;
        let crate::scope::Entity::Global(global) = self.scopes.find(name)?.entity else {
            return None;
        };
        let table = *self.bcc.tables.get(&global)?;
        let name = self.name(member);
        let method = Method {
            table,
            global,
            name: &name,
            name_span: member_span,
            args,
            span,
        };
        Some(self.method(&method))
    }

    fn method(&mut self, method: &Method<'_>) -> ExprId {
        let is_known =
            COMPOUND.contains(&method.name) || SIMPLE.iter().any(|it| it.name == method.name);
        if !is_known {
            return self.unknown_method(method);
        }
        let restricted = RESTRICTED.iter().find(|(name, _)| *name == method.name);
        let map_type = MapType::from_number(method.table.map_type);
        if let (Some((_, allowed)), Some(map_type)) = (restricted, map_type)
            && !allowed.contains(&map_type)
        {
            return self.wrong_table(method, allowed, map_type);
        }
        match method.name {
            "lookup_or_init" => self.lookup_or_init(method, true),
            "lookup_or_try_init" => self.lookup_or_init(method, false),
            "increment" => self.increment(method, false),
            "atomic_increment" => self.increment(method, true),
            "perf_submit_skb" => self.perf_submit_skb(method),
            _ => match SIMPLE.iter().find(|it| it.name == method.name) {
                Some(simple) => self.simple_method(simple, method),
                None => self.poison(method.span),
            },
        }
    }

    fn unknown_method(&mut self, method: &Method<'_>) -> ExprId {
        for &arg in method.args {
            self.rvalue(arg);
        }
        let message = format!("tables have no method `{}`", method.name);
        let mut diagnostic = Diagnostic::new(E0501, method.name_span, message);
        let known = SIMPLE
            .iter()
            .map(|it| it.name)
            .chain(COMPOUND.iter().copied());
        if let Some(similar) = most_similar(method.name, known) {
            diagnostic = crate::suggest(diagnostic, method.name_span, similar);
        }
        let declared = self.module.globals[method.global].span;
        self.report(diagnostic.with_note_at(declared, "the table is defined here"));
        self.poison(method.span)
    }

    fn wrong_table(&mut self, method: &Method<'_>, allowed: &[MapType], found: MapType) -> ExprId {
        let allowed: Vec<String> = allowed
            .iter()
            .map(|ty| format!("`{}`", ty.name()))
            .collect();
        let message = format!(
            "`{}` is a method of {}, this table is a `{}`",
            method.name,
            allowed.join(" and "),
            found.name()
        );
        let declared = self.module.globals[method.global].span;
        self.report(
            Diagnostic::new(E0502, method.name_span, message)
                .with_note_at(declared, "the table is defined here"),
        );
        self.poison(method.span)
    }

    /// The arguments, converted to what the method takes; `None` if that was reported.
    fn method_args(&mut self, params: &[Param], method: &Method<'_>) -> Option<Vec<ExprId>> {
        if method.args.len() != params.len() {
            let plural = if params.len() == 1 { "" } else { "s" };
            let message = format!(
                "`{}` takes {} argument{plural}, found {}",
                method.name,
                params.len(),
                method.args.len()
            );
            self.error(E0306, method.name_span, message);
            return None;
        }
        let mut values = Vec::with_capacity(params.len());
        for (index, (&arg, param)) in method.args.iter().zip(params).enumerate() {
            let value = self.rvalue(arg);
            let ty = match param {
                Param::Key => self.pointer_type(method.table.key, method.span),
                Param::Leaf => self.pointer_type(method.table.leaf, method.span),
                Param::Ptr => self.common.const_void_ptr,
                Param::Number => self.common.ulong,
            };
            values.push(self.method_argument(value, ty, index, method));
        }
        let is_bad = values.iter().any(|&value| self.is_poison(value));
        (!is_bad).then_some(values)
    }

    fn method_argument(
        &mut self,
        value: ExprId,
        ty: TypeId,
        index: usize,
        method: &Method<'_>,
    ) -> ExprId {
        // A key or value that may not be changed is fine: helpers only read it.
        let from = self.type_of(value);
        if let (Some(a), Some(b)) = (self.pointee(from), self.pointee(ty))
            && (self.compatible(a.ty, b.ty) || self.is_void(b.ty))
        {
            let span = self.span_of(value);
            return self.cast(value, ty, span);
        }
        let declared = self.module.globals[method.global].span;
        let why = Why::Argument {
            callee: method.name.to_owned(),
            index,
            declared,
        };
        self.convert(value, ty, &why)
    }

    fn simple_method(&mut self, simple: &Simple, method: &Method<'_>) -> ExprId {
        let Some(values) = self.method_args(simple.params, method) else {
            return self.poison(method.span);
        };
        let mut args = Vec::with_capacity(simple.args.len());
        for arg in simple.args {
            args.push(match *arg {
                Arg::Map => self.map_address(method.global, method.span),
                Arg::Param(index) => values[index],
                Arg::Const(value) => self.int(value.into(), self.common.ulong, method.span),
            });
        }
        let call = self.call_helper(simple.helper, args, method.span);
        match simple.ret {
            Ret::Helper => call,
            Ret::Leaf => {
                let ty = self.pointer_type(method.table.leaf, method.span);
                self.cast(call, ty, method.span)
            }
        }
    }

    /// The value of `key` (a pointer) in the table; if there is none, `initial` is inserted
    /// and looked up again. Ends in a pointer that may be null all the same.
    fn find_or_insert(
        &mut self,
        method: &Method<'_>,
        key: ExprId,
        initial: ExprId,
        out: &mut Vec<StmtId>,
    ) -> crate::hir::LocalId {
        let span = method.span;
        let leaf_ptr = self.pointer_type(method.table.leaf, span);
        let key = self.keep(key, out);
        let initial = self.keep(initial, out);
        let found = self.lookup_key(method, key, leaf_ptr);
        let found = self.keep(found, out);
        if self.is_full_array(method.table) {
            return found;
        }
        let update = {
            let map = self.map_address(method.global, span);
            let (key, initial) = (self.local_value(key, span), self.local_value(initial, span));
            let flags = self.int(NO_EXIST.into(), self.common.ulong, span);
            self.call_helper("bpf_map_update_elem", vec![map, key, initial, flags], span)
        };
        let update = self.statement(StmtKind::Expr(update), span);
        let again = self.lookup_key(method, key, leaf_ptr);
        let place = self.local_place(found, span);
        let again = self.assign_statement(place, again, span);
        let pointer = self.local_value(found, span);
        out.push(self.if_null(pointer, vec![update, again], span));
        found
    }

    /// An array has all of its elements from the start.
    fn is_full_array(&self, table: Table) -> bool {
        let map_type = MapType::from_number(table.map_type);
        matches!(map_type, Some(MapType::Array | MapType::PercpuArray))
    }

    fn lookup_key(&mut self, method: &Method<'_>, key: crate::hir::LocalId, ptr: TypeId) -> ExprId {
        let span = method.span;
        let map = self.map_address(method.global, span);
        let key = self.local_value(key, span);
        let found = self.call_helper("bpf_map_lookup_elem", vec![map, key], span);
        self.cast(found, ptr, span)
    }

    /// `lookup_or_try_init(&key, &initial)`; `lookup_or_init` returns from the function if
    /// the table is full.
    fn lookup_or_init(&mut self, method: &Method<'_>, returns: bool) -> ExprId {
        let span = method.span;
        let Some(values) = self.method_args(&[Param::Key, Param::Leaf], method) else {
            return self.poison(span);
        };
        let mut stmts = Vec::new();
        let found = self.find_or_insert(method, values[0], values[1], &mut stmts);
        if returns {
            let pointer = self.local_value(found, span);
            let back = self.return_zero(span);
            stmts.push(self.if_null(pointer, vec![back], span));
        }
        let value = self.local_value(found, span);
        self.block_value(stmts, value, span)
    }

    fn return_zero(&mut self, span: Span) -> StmtId {
        let ret = self.func.as_ref().map(|func| func.ret);
        let value = match ret {
            Some(ret) if self.is_scalar(ret.ty) => Some(self.int(0, ret.ty, span)),
            _ => None,
        };
        self.statement(StmtKind::Return(value), span)
    }

    /// `increment(key[, n])`: the key is passed by value, and inserted if it is missing.
    fn increment(&mut self, method: &Method<'_>, is_atomic: bool) -> ExprId {
        let span = method.span;
        let (key, step) = match *method.args {
            [key] => (key, None),
            [key, step] => (key, Some(step)),
            _ => {
                let message = format!(
                    "`{}` takes 1 or 2 arguments, found {}",
                    method.name,
                    method.args.len()
                );
                self.error(E0306, method.name_span, message);
                return self.poison(span);
            }
        };
        let leaf = QualType::plain(method.table.leaf.ty);
        if !self.is_integer(leaf.ty) {
            let shown = self.show_qual(leaf);
            let message = format!(
                "`{}` needs a table of numbers, found `{shown}`",
                method.name
            );
            self.error(E0502, method.name_span, message);
            return self.poison(span);
        }
        let key = self.rvalue(key);
        let why = |index| Why::Argument {
            callee: method.name.to_owned(),
            index,
            declared: self.module.globals[method.global].span,
        };
        let (why_key, why_step) = (why(0), why(1));
        let key = self.convert(key, method.table.key.ty, &why_key);
        let step = match step {
            Some(step) => {
                let step = self.rvalue(step);
                self.convert(step, leaf.ty, &why_step)
            }
            None => self.int(1, leaf.ty, span),
        };
        if self.is_poison(key) || self.is_poison(step) {
            return self.poison(span);
        }
        let mut stmts = Vec::new();
        let key = self.keep(key, &mut stmts);
        let step = self.keep(step, &mut stmts);
        let zero = self.int(0, leaf.ty, span);
        let zero = self.keep(zero, &mut stmts);
        let (key, zero) = (
            self.local_address(key, span),
            self.local_address(zero, span),
        );
        let found = self.find_or_insert(method, key, zero, &mut stmts);
        let add = self.add_to(found, step, leaf, is_atomic, span);
        let add = self.statement(StmtKind::Expr(add), span);
        let pointer = self.local_value(found, span);
        let cond = self.is_not_null(pointer, span);
        stmts.push(self.statement(
            StmtKind::If {
                cond,
                then: add,
                otherwise: None,
            },
            span,
        ));
        self.value(
            ExprKind::StmtExpr { stmts, value: None },
            self.common.void,
            span,
        )
    }

    /// `*found += step`
    fn add_to(
        &mut self,
        found: crate::hir::LocalId,
        step: crate::hir::LocalId,
        leaf: QualType,
        is_atomic: bool,
        span: Span,
    ) -> ExprId {
        let pointer = self.local_value(found, span);
        let step = self.local_value(step, span);
        let is_wide = matches!(self.module.types.size_of(leaf.ty), Some(4 | 8));
        if is_atomic && is_wide {
            let kind = ExprKind::Atomic {
                op: AtomicOp::Add,
                ptr: pointer,
                operands: vec![step],
                is_value_after: false,
            };
            return self.value(kind, leaf.ty, span);
        }
        let place = self.place(PlaceKind::Deref(pointer), leaf, span);
        let compute = self.promoted_type(leaf.ty, None);
        let value = self.cast(step, compute, span);
        let kind = ExprKind::AssignOp {
            place,
            op: BinaryOp::Add,
            value,
            compute,
        };
        self.value(kind, leaf.ty, span)
    }

    /// `perf_submit_skb(skb, length, &data, size)`: the packet's first bytes go along.
    fn perf_submit_skb(&mut self, method: &Method<'_>) -> ExprId {
        let span = method.span;
        let params = [Param::Ptr, Param::Number, Param::Ptr, Param::Number];
        let Some(values) = self.method_args(&params, method) else {
            return self.poison(span);
        };
        let ulong = self.common.ulong;
        let shift = self.int(32, ulong, span);
        let high = self.shift(BinaryOp::Shl, values[1], shift, ulong, span);
        let cpu = self.int(CURRENT_CPU.into(), ulong, span);
        let flags = self.arith(BinaryOp::Or, high, cpu, ulong, span);
        let map = self.map_address(method.global, span);
        let args = vec![values[0], map, flags, values[2], values[3]];
        self.call_helper("bpf_perf_event_output", args, span)
    }
}
