//! Methods of tables: `table.method(args)` is a call of a helper, or a few of them.
//!
//! Source: the methods of BCC 0.35 (its reference guide), and the signatures of the
//! kernel's helpers.

use crate::checker::Checker;
use crate::convert::Why;
use crate::expr::{CallTarget, Operand};
use crate::hir::{
    BinaryOp, Callee, ExprId, ExprKind, GlobalId, IntKind, MapSpec, PlaceKind, QualType, TypeId,
};
use crate::scope::Entity;
use bpfc_base::codes::bcc::{E0501, E0502};
use bpfc_base::codes::types::E0306;
use bpfc_base::similar::most_similar;
use bpfc_base::{Diagnostic, Span};
use bpfc_kabi::{Helper, MapType, ProgType, helper_takes_map};
use bpfc_parser::ast;

/// `BPF_F_CURRENT_CPU` (Linux 4.4).
const CURRENT_CPU: i128 = 0xffff_ffff;
/// `BPF_NOEXIST`.
pub(super) const NOEXIST: i128 = 1;

/// An argument of a helper.
#[derive(Clone, Copy, Debug)]
enum Arg {
    /// The table.
    Map,
    /// Argument number `.0` of the method.
    Given(usize),
    /// The same, a pointer to a key.
    Key(usize),
    /// The same, a pointer to a leaf.
    Leaf(usize),
    /// A number.
    Number(i128),
    /// Argument number `.0`, a length, in the upper half of the flags for this CPU.
    PacketLength(usize),
}

/// What a method does.
#[derive(Clone, Copy, Debug)]
enum Action {
    /// Calls a helper.
    Call(&'static [Arg]),
    /// Calls a helper that returns a pointer to a leaf.
    Find(&'static [Arg]),
    /// `lookup_or_try_init`
    FindOrInsert,
    /// `lookup_or_init`
    FindOrReturn,
    /// `increment`
    Increment,
    /// `atomic_increment`
    AtomicIncrement,
}

/// A method.
#[derive(Debug)]
struct Method {
    name: &'static str,
    /// The helper that it stands for; of several, the one that decides on the table's type.
    helper: &'static str,
    /// Fewest and most arguments.
    n_args: (usize, usize),
    action: Action,
}

macro_rules! methods {
    ($($name:literal ($low:literal $(..= $high:literal)?) $helper:literal $action:expr;)*) => {
        &[$(Method {
            name: $name,
            helper: concat!("bpf_", $helper),
            n_args: ($low, methods!(@last $low $($high)?)),
            action: $action,
        }),*]
    };
    (@last $low:literal) => { $low };
    (@last $low:literal $high:literal) => { $high };
}

use Action::{AtomicIncrement, Call, Find, FindOrInsert, FindOrReturn, Increment};
use Arg::{Given, Key, Leaf, Map, Number, PacketLength};

#[rustfmt::skip]
const METHODS: &[Method] = methods![
    "lookup"(1) "map_lookup_elem" Find(&[Map, Key(0)]);
    "lookup_or_init"(2) "map_update_elem" FindOrReturn;
    "lookup_or_try_init"(2) "map_update_elem" FindOrInsert;
    "update"(2) "map_update_elem" Call(&[Map, Key(0), Leaf(1), Number(0)]);
    "insert"(2) "map_update_elem" Call(&[Map, Key(0), Leaf(1), Number(NOEXIST)]);
    "delete"(1) "map_delete_elem" Call(&[Map, Key(0)]);
    "increment"(1..=2) "map_lookup_elem" Increment;
    "atomic_increment"(1..=2) "map_lookup_elem" AtomicIncrement;
    "perf_submit"(3) "perf_event_output"
        Call(&[Given(0), Map, Number(CURRENT_CPU), Given(1), Given(2)]);
    "perf_submit_skb"(4) "perf_event_output"
        Call(&[Given(0), Map, PacketLength(1), Given(2), Given(3)]);
    "perf_read"(1) "perf_event_read" Call(&[Map, Given(0)]);
    "perf_counter_value"(3) "perf_event_read_value" Call(&[Map, Given(0), Given(1), Given(2)]);
    "ringbuf_output"(3) "ringbuf_output" Call(&[Map, Given(0), Given(1), Given(2)]);
    "ringbuf_reserve"(1) "ringbuf_reserve" Call(&[Map, Given(0), Number(0)]);
    "ringbuf_submit"(2) "ringbuf_submit" Call(&[Given(0), Given(1)]);
    "ringbuf_discard"(2) "ringbuf_discard" Call(&[Given(0), Given(1)]);
    "ringbuf_query"(1) "ringbuf_query" Call(&[Map, Given(0)]);
    "get_stackid"(2) "get_stackid" Call(&[Given(0), Map, Given(1)]);
    "call"(2) "tail_call" Call(&[Given(0), Map, Given(1)]);
    "redirect_map"(2) "redirect_map" Call(&[Map, Given(0), Given(1)]);
    "check_current_task"(1) "current_task_under_cgroup" Call(&[Map, Given(0)]);
    "push"(2) "map_push_elem" Call(&[Map, Leaf(0), Given(1)]);
    "pop"(1) "map_pop_elem" Call(&[Map, Leaf(0)]);
    "peek"(1) "map_peek_elem" Call(&[Map, Leaf(0)]);
    "sk_storage_get"(3) "sk_storage_get" Find(&[Map, Given(0), Given(1), Given(2)]);
    "sk_storage_delete"(1) "sk_storage_delete" Call(&[Map, Given(0)]);
    "inode_storage_get"(3) "inode_storage_get" Find(&[Map, Given(0), Given(1), Given(2)]);
    "inode_storage_delete"(1) "inode_storage_delete" Call(&[Map, Given(0)]);
    "task_storage_get"(3) "task_storage_get" Find(&[Map, Given(0), Given(1), Given(2)]);
    "task_storage_delete"(1) "task_storage_delete" Call(&[Map, Given(0)]);
    "get_local_storage"(1) "get_local_storage" Find(&[Map, Given(0)]);
    "sock_map_update"(3) "sock_map_update" Call(&[Given(0), Map, Given(1), Given(2)]);
    "sock_hash_update"(3) "sock_hash_update" Call(&[Given(0), Map, Given(1), Given(2)]);
    "msg_redirect_map"(3) "msg_redirect_map" Call(&[Given(0), Map, Given(1), Given(2)]);
    "msg_redirect_hash"(3) "msg_redirect_hash" Call(&[Given(0), Map, Given(1), Given(2)]);
    "sk_redirect_map"(3) "sk_redirect_map" Call(&[Given(0), Map, Given(1), Given(2)]);
    "sk_redirect_hash"(3) "sk_redirect_hash" Call(&[Given(0), Map, Given(1), Given(2)]);
];

/// A call of a method.
#[derive(Clone, Copy, Debug)]
pub(super) struct MethodCall {
    pub table: GlobalId,
    /// The table's name in the call.
    pub table_span: Span,
    /// The whole call.
    pub span: Span,
}

impl Checker<'_> {
    /// `table.method(args)`, if that is what the call is.
    pub(super) fn table_method(
        &mut self,
        callee: ast::ExprId,
        args: &[ast::ExprId],
        span: Span,
    ) -> Option<ExprId> {
        let ast::ExprKind::Member { base, member, member_span } = self.unit.exprs[callee].kind
        else {
            return None;
        };
        let name = self.plain_name(base)?;
        let Entity::Global(table) = self.scopes.find(name)?.entity else {
            return None;
        };
        let spec = self.table_of(table)?.clone();
        let call = MethodCall { table, table_span: self.unit.exprs[base].span, span };
        let method = self.name(member);
        let operands: Vec<Operand> = args.iter().map(|&arg| self.expr(arg)).collect();
        let Some(method) = METHODS.iter().find(|known| known.name == &*method) else {
            self.report_unknown_method(&method, table, member_span);
            return Some(self.poison(span));
        };
        let is_fine = spec.map_type != 0
            && self.check_table_type(method, table, &spec, member_span)
            && self.check_n_args(method, &operands, member_span);
        Some(if is_fine {
            self.method_value(method, call, &spec, &operands)
        } else {
            self.poison(span)
        })
    }

    fn report_unknown_method(&mut self, method: &str, table: GlobalId, span: Span) {
        let message = format!("tables have no method `{method}`");
        let diagnostic = Diagnostic::new(E0501, span, message);
        let names = METHODS.iter().map(|method| method.name);
        let diagnostic = match most_similar(method, names) {
            Some(similar) => crate::suggest(diagnostic, span, similar),
            None => diagnostic,
        };
        let at = self.module.globals[table].span;
        self.report(diagnostic.with_note_at(at, "the table is defined here"));
    }

    fn check_table_type(
        &mut self,
        method: &Method,
        table: GlobalId,
        spec: &MapSpec,
        span: Span,
    ) -> bool {
        let (Some(ty), Some(helper)) =
            (MapType::from_number(spec.map_type), bpfc_kabi::helper(method.helper))
        else {
            return false;
        };
        // Helpers that take the record instead of the map: `ringbuf_submit`.
        let fits = match method.helper {
            "bpf_ringbuf_submit" | "bpf_ringbuf_discard" => ty == MapType::Ringbuf,
            // The type of program that decides for socket maps is known later.
            _ => helper_takes_map(helper, ty, ProgType::SchedCls),
        };
        let fits = fits
            && match method.action {
                Increment | AtomicIncrement => self.is_integer_leaf(spec),
                _ => true,
            };
        if !fits {
            let message = format!("`{}` is no method of a `{}`", method.name, ty.name());
            let at = self.module.globals[table].span;
            self.report(
                Diagnostic::new(E0502, span, message).with_note_at(at, "the table is defined here"),
            );
        }
        fits
    }

    fn is_integer_leaf(&self, spec: &MapSpec) -> bool {
        spec.value.is_some_and(|leaf| self.is_integer(leaf))
    }

    fn check_n_args(&mut self, method: &Method, operands: &[Operand], span: Span) -> bool {
        let (low, high) = method.n_args;
        let found = operands.len();
        if (low..=high).contains(&found) {
            return true;
        }
        let range = if low == high { format!("{low}") } else { format!("{low} or {high}") };
        let plural = if high == 1 { "" } else { "s" };
        let message = format!("`{}` takes {range} argument{plural}, found {found}", method.name);
        self.error(E0306, span, message);
        false
    }

    fn method_value(
        &mut self,
        method: &Method,
        call: MethodCall,
        spec: &MapSpec,
        operands: &[Operand],
    ) -> ExprId {
        let span = call.span;
        match method.action {
            Call(args) | Find(args) => {
                let Some(helper) = bpfc_kabi::helper(method.helper) else {
                    return self.poison(span);
                };
                let values =
                    args.iter().map(|&arg| self.method_arg(method, arg, call, spec, operands));
                let values = values.collect();
                let value = self.helper_call(helper, values, span);
                match (method.action, spec.value) {
                    (Find(_), Some(leaf)) => self.as_leaf_pointer(value, leaf),
                    _ => value,
                }
            }
            FindOrInsert | FindOrReturn => {
                let key = self.method_arg(method, Key(0), call, spec, operands);
                let leaf = self.method_arg(method, Leaf(1), call, spec, operands);
                let is_return = matches!(method.action, FindOrReturn);
                self.find_or_insert(call, spec, key, leaf, is_return)
            }
            Increment | AtomicIncrement => {
                let is_atomic = matches!(method.action, AtomicIncrement);
                self.increment(call, spec, operands, is_atomic)
            }
        }
    }

    fn method_arg(
        &mut self,
        method: &Method,
        arg: Arg,
        call: MethodCall,
        spec: &MapSpec,
        operands: &[Operand],
    ) -> ExprId {
        let given = |this: &mut Self, index: usize, to: Option<TypeId>| {
            let value = this.operand_value(operands[index]);
            let Some(to) = to else { return value };
            let to = this.ptr_to(QualType::plain(to), call.span);
            let why = Why::Argument { callee: method.name.to_owned(), index, declared: Span::NONE };
            this.convert(value, to, &why)
        };
        match arg {
            Map => self.table_address(call),
            Given(index) => given(self, index, None),
            Key(index) => given(self, index, spec.key),
            Leaf(index) => given(self, index, spec.value),
            Number(value) => {
                let ty = self.int_type(IntKind::ULongLong);
                self.int(value, ty, call.span)
            }
            PacketLength(index) => {
                let ty = self.int_type(IntKind::ULongLong);
                let span = call.span;
                let value = given(self, index, None);
                let value = self.cast(value, ty, span);
                let shift = self.int(32, ty, span);
                let value = self.arith(BinaryOp::Shl, value, shift, ty, span);
                let cpu = self.int(CURRENT_CPU, ty, span);
                self.arith(BinaryOp::Or, value, cpu, ty, span)
            }
        }
    }

    /// `&table`
    pub(super) fn table_address(&mut self, call: MethodCall) -> ExprId {
        let ty = self.module.globals[call.table].ty;
        let place = self.place(PlaceKind::Global(call.table), ty, call.table_span);
        self.address(place, call.table_span)
    }

    /// What a helper returned, as a pointer to a leaf.
    pub(super) fn as_leaf_pointer(&mut self, value: ExprId, leaf: TypeId) -> ExprId {
        let span = self.span_of(value);
        let to = self.ptr_to(QualType::plain(leaf), span);
        self.cast(value, to, span)
    }

    /// A call of `helper`; arguments are converted to its parameters.
    pub(super) fn helper_call(
        &mut self,
        helper: &'static Helper,
        values: Vec<ExprId>,
        span: Span,
    ) -> ExprId {
        let Some(target) = self.helper_target(helper.id, span) else {
            return self.poison(span);
        };
        let mut args = Vec::with_capacity(values.len());
        for (index, value) in values.into_iter().enumerate() {
            args.push(self.helper_arg(&target, helper.id, index, value));
        }
        if args.iter().any(|&arg| self.is_poison(arg)) {
            return self.poison(span);
        }
        let callee = Callee::Helper(helper.id);
        self.value(ExprKind::Call { callee, args }, target.ty.ret.ty, span)
    }

    fn helper_arg(&mut self, target: &CallTarget, id: u32, index: usize, value: ExprId) -> ExprId {
        let Some(param) = target.ty.params.get(index).copied() else {
            return value;
        };
        if self.is_map_param(id, index) {
            let span = self.span_of(value);
            return self.cast(value, param.ty, span);
        }
        let why = Why::Argument { callee: target.name.clone(), index, declared: Span::NONE };
        self.convert(value, param.ty, &why)
    }
}
