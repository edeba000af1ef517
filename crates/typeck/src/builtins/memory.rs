//! `memcpy` and its relatives, `__builtin_object_size`, `__builtin_strlen`, packet loads.

use super::BuiltinCall;
use crate::checker::Checker;
use crate::convert::Why;
use crate::expr::CallTarget;
use crate::hir::{
    Builtin, Callee, ExprId, ExprKind, FuncId, GlobalInit, GlobalKind, PlaceId, PlaceKind,
    QualType, TypeId,
};
use bpfc_base::Span;
use bpfc_base::codes::bpf::E0413;

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
        // Other sizes may become known later, by inlining.
        self.value(ExprKind::Builtin(builtin, args), ret, span)
    }

    /// What `value` is, computed from constants and `const` locals with constant initialisers.
    pub fn folded_local(&self, value: ExprId) -> Option<i128> {
        let (bits, is_signed) = self.int_shape(self.type_of(value))?;
        match self.body.exprs[value].kind {
            ExprKind::Int(value) => Some(value),
            ExprKind::Cast(inner) => {
                let inner = self.folded_local(inner)?;
                Some(crate::fold::wrap(inner, bits, is_signed))
            }
            ExprKind::Binary(op, a, b) => {
                let kind = self.module.types.int_kind(self.type_of(value))?;
                crate::fold::binary(op, self.folded_local(a)?, self.folded_local(b)?, kind)
            }
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

    /// `__builtin_bzero(ptr, size)`
    pub fn bzero(&mut self, call: &BuiltinCall<'_>) -> ExprId {
        let span = call.span;
        let Some(values) = self.args_exactly(call, 2) else {
            return self.poison(span);
        };
        let common = self.common;
        let ptr = self.builtin_argument(values[0], common.void_ptr, call.name, 0);
        let size = self.builtin_argument(values[1], common.ulong, call.name, 1);
        if self.is_poison(ptr) || self.is_poison(size) {
            return self.poison(span);
        }
        let zero = self.int(0, common.int, span);
        let set = ExprKind::Builtin(Builtin::Memset, vec![ptr, zero, size]);
        let set = self.value(set, common.void_ptr, span);
        self.value(ExprKind::Cast(set), common.void, span)
    }

    /// `__builtin_mempcpy(dst, src, size)`: what is behind the copy.
    pub fn mempcpy(&mut self, call: &BuiltinCall<'_>) -> ExprId {
        let copy = self.memory_builtin("memcpy", call);
        let ExprKind::Builtin(_, args) = &self.body.exprs[copy].kind else {
            return copy;
        };
        let Some(size) = args.get(2).and_then(|&size| self.const_int(size)) else {
            let message = format!("the size that `{}` gets must be a constant", call.name);
            self.error(E0413, call.name_span, message);
            return self.poison(call.span);
        };
        let size = self.int(size, self.common.long, call.span);
        self.pointer_add(copy, size, 1, call.span)
    }

    /// `__builtin_alloca(constant)`: an object of the function.
    pub fn alloca(&mut self, call: &BuiltinCall<'_>) -> ExprId {
        let span = call.span;
        let Some(values) = self.args_exactly(call, 1) else {
            return self.poison(span);
        };
        let Some(size) = self.const_int(values[0]).and_then(|size| u64::try_from(size).ok()) else {
            let message = "the stack has fixed size: `alloca` takes constants only";
            self.error(E0413, call.name_span, message);
            return self.poison(span);
        };
        if self.func.is_none() {
            return self.poison(span);
        }
        let (char, void_ptr) = (QualType::plain(self.common.char), self.common.void_ptr);
        let bytes = QualType::plain(self.array_of(char, Some(size), span));
        let local = self.temporary(bytes, span);
        self.body.locals[local].align = 8;
        let place = self.place(PlaceKind::Local(local), bytes, span);
        self.value(ExprKind::AddrOf(place), void_ptr, span)
    }

    /// `__builtin_object_size(ptr, kind)`: the bytes left in a known object. Kinds 1 and 3 ask
    /// for the innermost member, 2 and 3 for 0 where nothing is known.
    pub fn object_size(&mut self, call: &BuiltinCall<'_>) -> ExprId {
        let span = call.span;
        let Some(values) = self.unevaluated(|this| this.args_exactly(call, 2)) else {
            return self.poison(span);
        };
        let kind = self.const_int(values[1]).unwrap_or(0);
        let unknown = if kind & 2 != 0 { 0 } else { -1 };
        let size = match self.bytes_left(values[0]) {
            Some((_, member)) if kind & 1 != 0 => member.max(0),
            Some((whole, _)) => whole.max(0),
            None => unknown,
        };
        self.int(size, self.common.ulong, span)
    }

    /// The bytes left in the object that `ptr` points into, and in its innermost part.
    fn bytes_left(&self, ptr: ExprId) -> Option<(i128, i128)> {
        match self.body.exprs[ptr].kind {
            ExprKind::Cast(inner) => self.bytes_left(inner),
            ExprKind::AddrOf(place) => self.bytes_of(place),
            ExprKind::PtrAdd { ptr, index, scale } => {
                let (whole, member) = self.bytes_left(ptr)?;
                let bytes = self.const_int(index)?.checked_mul(i128::from(scale))?;
                Some((whole - bytes, member - bytes))
            }
            _ => None,
        }
    }

    fn bytes_of(&self, place: PlaceId) -> Option<(i128, i128)> {
        let node = &self.body.places[place];
        let size = self.module.types.size_of(node.ty.ty).map(i128::from);
        match node.kind {
            PlaceKind::Local(_) | PlaceKind::Global(_) | PlaceKind::Temp { .. } => {
                Some((size?, size?))
            }
            PlaceKind::Member { base, member, .. } => {
                let (whole, _) = self.bytes_of(base)?;
                let record = self.record_of(self.body.places[base].ty.ty)?;
                let body = self.module.types.records[record].body.as_ref()?;
                let offset = i128::from(body.members[member as usize].offset_bits / 8);
                // A flexible array goes on to the end of the object.
                Some((whole - offset, size.unwrap_or(whole - offset)))
            }
            PlaceKind::Index { base, index } => {
                let (whole, member) = self.bytes_of(base)?;
                let offset = self.const_int(index)?.checked_mul(size?)?;
                Some((whole - offset, member - offset))
            }
            PlaceKind::Deref(_) | PlaceKind::Error => None,
        }
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

    /// `__builtin_strncmp("…", "…", n)`
    pub fn strncmp(&mut self, call: &BuiltinCall<'_>) -> ExprId {
        let Some(values) = self.args_exactly(call, 3) else {
            return self.poison(call.span);
        };
        let (a, b) = (self.literal_text(values[0]), self.literal_text(values[1]));
        let n = self.const_int(values[2]).and_then(|n| usize::try_from(n).ok());
        let order = match (a, b, n) {
            (Some(a), Some(b), Some(n)) => a[..n.min(a.len())].cmp(&b[..n.min(b.len())]),
            _ => {
                let message =
                    "`strncmp` is only known of string literals: BPF has no such function";
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
