//! `memcpy` and its relatives, `__builtin_object_size`, `__builtin_strlen`, packet loads.

use super::BuiltinCall;
use crate::checker::Checker;
use crate::convert::Why;
use crate::expr::CallTarget;
use crate::hir::{
    Builtin, Callee, ExprId, ExprKind, FuncId, GlobalInit, GlobalKind, PlaceId, PlaceKind, TypeId,
};
use bpfc_base::codes::bpf::E0413;
use bpfc_base::{Diagnostic, Span};

impl Checker<'_> {
    /// `memcpy`, `memmove`, `memset`, `memcmp`.
    pub fn memory_builtin(&mut self, name: &str, call: &BuiltinCall<'_>) -> ExprId {
        let span = call.span;
        let Some(values) = self.args_exactly(call, 3) else {
            return self.poison(span);
        };
        let common = self.common;
        let (builtin, types, ret) = match name {
            "memcpy" => {
                (Builtin::Memcpy, [common.void_ptr, common.const_void_ptr], common.void_ptr)
            }
            "memmove" => {
                (Builtin::Memmove, [common.void_ptr, common.const_void_ptr], common.void_ptr)
            }
            "memset" => (Builtin::Memset, [common.void_ptr, common.int], common.void_ptr),
            _ => (Builtin::Memcmp, [common.const_void_ptr, common.const_void_ptr], common.int),
        };
        let types = [types[0], types[1], common.ulong];
        let mut args = Vec::with_capacity(3);
        for (index, (value, ty)) in values.into_iter().zip(types).enumerate() {
            args.push(self.builtin_argument(value, ty, call.name, index));
        }
        if args.iter().any(|&arg| self.is_poison(arg)) {
            return self.poison(span);
        }
        if let Some(size) = self.folded_local(args[2]) {
            args[2] = self.int(size, common.ulong, span);
        }
        if self.const_int(args[2]).is_none() {
            self.report(
                Diagnostic::new(
                    E0413,
                    self.span_of(args[2]),
                    format!("the size that `{}` gets must be a constant", call.name),
                )
                .with_note("BPF has no such function to call: the copy is expanded in place")
                .with_help("for a size known only at run time, use a loop or a helper such as `bpf_probe_read_kernel`"),
            );
            return self.poison(span);
        }
        self.value(ExprKind::Builtin(builtin, args), ret, span)
    }

    /// The value of a `const` local with a constant initialiser, converted or not.
    fn folded_local(&self, value: ExprId) -> Option<i128> {
        match self.body.exprs[value].kind {
            ExprKind::Cast(inner) => self.folded_local(inner),
            ExprKind::Load(place) => match self.body.places[place].kind {
                PlaceKind::Local(local) => self.const_locals.get(&local).copied(),
                _ => None,
            },
            _ => None,
        }
    }

    fn builtin_argument(&mut self, value: ExprId, ty: TypeId, name: &str, index: usize) -> ExprId {
        let why = Why::Argument { callee: name.to_owned(), index, declared: Span::NONE };
        self.convert(value, ty, &why)
    }

    /// `__builtin_object_size(ptr, kind)`: the bytes left in a known object.
    pub fn object_size(&mut self, call: &BuiltinCall<'_>) -> ExprId {
        let span = call.span;
        let Some(values) = self.unevaluated(|this| this.args_exactly(call, 2)) else {
            return self.poison(span);
        };
        let kind = self.const_int(values[1]).unwrap_or(0);
        let unknown = if kind & 2 != 0 { 0 } else { -1 };
        let size = match self.body.exprs[values[0]].kind {
            ExprKind::AddrOf(place) => self.object_bytes(place).unwrap_or(unknown),
            _ => unknown,
        };
        self.int(size, self.common.ulong, span)
    }

    /// The size of the object that `place` is, if it is a whole variable.
    fn object_bytes(&self, place: PlaceId) -> Option<i128> {
        let node = &self.body.places[place];
        let is_variable = matches!(node.kind, PlaceKind::Local(_) | PlaceKind::Global(_));
        let size = self.module.types.size_of(node.ty.ty)?;
        is_variable.then_some(i128::from(size))
    }

    /// `__builtin_strlen("…")`
    pub fn strlen(&mut self, call: &BuiltinCall<'_>) -> ExprId {
        let Some(values) = self.args_exactly(call, 1) else {
            return self.poison(call.span);
        };
        match self.literal_text(values[0]).map(<[u8]>::len) {
            Some(len) => self.int(len as i128, self.common.ulong, call.span),
            None => {
                let message = "`strlen` is only known of string literals: BPF has no such function";
                self.error(E0413, call.name_span, message);
                self.poison(call.span)
            }
        }
    }

    /// The characters of the string literal that `value` points to, without terminator.
    fn literal_text(&self, value: ExprId) -> Option<&[u8]> {
        let ExprKind::AddrOf(place) = self.body.exprs[value].kind else {
            return None;
        };
        let PlaceKind::Global(global) = self.body.places[place].kind else {
            return None;
        };
        let global = &self.module.globals[global];
        match &global.init {
            GlobalInit::Data { bytes, .. } if matches!(global.kind, GlobalKind::StringLiteral) => {
                bytes.split(|&byte| byte == 0).next()
            }
            _ => None,
        }
    }

    /// `__builtin_strcmp("…", "…")`
    pub fn strcmp(&mut self, call: &BuiltinCall<'_>) -> ExprId {
        let Some(values) = self.args_exactly(call, 2) else {
            return self.poison(call.span);
        };
        let order = match (self.literal_text(values[0]), self.literal_text(values[1])) {
            (Some(a), Some(b)) => a.cmp(b),
            _ => {
                let message = "`strcmp` is only known of string literals: BPF has no such function";
                self.error(E0413, call.name_span, message);
                return self.poison(call.span);
            }
        };
        self.int(order as i128, self.common.int, call.span)
    }

    /// A function declared `asm("llvm.bpf.load.word")` stands for a packet load.
    pub fn remember_packet_load(&mut self, func: FuncId, label: &str) {
        let bits = match label {
            "llvm.bpf.load.byte" => 8,
            "llvm.bpf.load.half" => 16,
            "llvm.bpf.load.word" => 32,
            _ => return,
        };
        self.packet_loads.insert(func, bits);
    }

    /// A call that is more than a call: a packet load, a library function by pointer.
    pub fn special_function(
        &mut self,
        target: &CallTarget,
        values: &[ExprId],
        span: Span,
    ) -> Option<ExprId> {
        let Callee::Func(func) = target.callee else {
            return None;
        };
        let bits = *self.packet_loads.get(&func)?;
        let &[skb, offset] = values else { return None };
        let kind = match bits {
            8 => crate::hir::IntKind::UChar,
            16 => crate::hir::IntKind::UShort,
            _ => crate::hir::IntKind::UInt,
        };
        let ty = self.int_type(kind);
        let ulong = self.common.ulong;
        let offset = self.cast(offset, ulong, span);
        let load = self.value(ExprKind::Builtin(Builtin::LoadPacket, vec![skb, offset]), ty, span);
        Some(self.cast(load, target.ty.ret.ty, span))
    }
}
