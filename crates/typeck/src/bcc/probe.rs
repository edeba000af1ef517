//! Reads of kernel memory. `task->pid`, where `task` points into the kernel, becomes a probe
//! read into a temporary. Where a pointer points is inferred from where it came from, and
//! else from its type: a pointer to a type of the kernel's points into the kernel.

use crate::checker::Checker;
use crate::hir::{
    BinaryOp, Callee, CoreKind, CoreQuery, ExprId, ExprKind, LocalId, Origin, PlaceId, PlaceKind,
    QualType, StmtKind, TypeId,
};
use bpfc_base::Span;

/// What a pointer points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Memory {
    /// The kernel's memory: readable through a helper only.
    Kernel,
    /// The program's own: stack, context, map values, ring buffer records.
    Own,
}

/// Types of contexts, whose members are read directly.
const CONTEXTS: &[&str] = &["pt_regs", "xdp_md", "__sk_buff", "sk_msg_md"];

impl Checker<'_> {
    /// The content of `place`, if it takes a probe read.
    pub fn probe_read(&mut self, place: PlaceId) -> Option<ExprId> {
        if !self.is_bcc() || self.func.is_none() || self.n_unevaluated > 0 {
            return None;
        }
        if self.bcc.reads_directly {
            return None;
        }
        let pointer = self.root_pointer(place)?;
        if self.memory_of(pointer) != Some(Memory::Kernel) {
            return None;
        }
        let crate::hir::Place { ty, span, .. } = self.body.places[place];
        if self.bit_field(place).is_some() {
            return self.probe_bit_field(place, ty, span);
        }
        let local = self.temporary(QualType::plain(ty.ty), span);
        if self.is_pointer(ty.ty) {
            self.bcc.memory.insert(local, Memory::Kernel);
        }
        let declare = self.statement(StmtKind::Declare(local), span);
        let target = self.local_address(local, span);
        let size = self.module.types.size_of(ty.ty)?;
        let size = self.int(size.into(), self.common.uint, span);
        let source = self.address(place, span);
        let read = self.call_helper("bpf_probe_read_kernel", vec![target, size, source], span);
        let read = self.statement(StmtKind::Expr(read), span);
        let value = self.local_value(local, span);
        Some(self.block_value(vec![declare, read], value, span))
    }

    /// A bit-field: the bytes around it are read, and the field cut out as the running
    /// kernel's types say.
    fn probe_bit_field(&mut self, place: PlaceId, ty: QualType, span: Span) -> Option<ExprId> {
        let mut path = Vec::new();
        let root = self.access_path(place, &mut path)?;
        let pointer = self.root_pointer(place)?;
        let (_, is_signed) = self.int_shape(ty.ty)?;
        let (ulong, uint) = (self.common.ulong, self.common.uint);
        let core = |this: &mut Self, kind| {
            let query = CoreQuery {
                kind,
                ty: root,
                path: path.clone(),
            };
            this.value(ExprKind::Core(query), uint, span)
        };
        let zero = self.int(0, ulong, span);
        let mut stmts = Vec::new();
        let local = self.keep(zero, &mut stmts);
        let target = self.local_address(local, span);
        let size = core(self, CoreKind::FieldByteSize);
        let offset = core(self, CoreKind::FieldByteOffset);
        let offset = self.cast(offset, ulong, span);
        let char_ptr = self.ptr_to(QualType::plain(self.common.char), span);
        let base = self.cast(pointer, char_ptr, span);
        let source = self.pointer_add(base, offset, 1, span);
        let read = self.call_helper("bpf_probe_read_kernel", vec![target, size, source], span);
        stmts.push(self.statement(StmtKind::Expr(read), span));
        let word: TypeId = if is_signed { self.common.long } else { ulong };
        let content = self.local_value(local, span);
        let left = core(self, CoreKind::FieldLshiftU64);
        let shifted = self.shift(BinaryOp::Shl, content, left, ulong, span);
        let right = core(self, CoreKind::FieldRshiftU64);
        let cut = self.shift(BinaryOp::Shr, shifted, right, word, span);
        let value = self.cast(cut, ty.ty, span);
        Some(self.block_value(stmts, value, span))
    }

    /// The pointer that `place` hangs on.
    fn root_pointer(&self, mut place: PlaceId) -> Option<ExprId> {
        loop {
            match self.body.places[place].kind {
                PlaceKind::Member { base, .. } | PlaceKind::Index { base, .. } => place = base,
                PlaceKind::Deref(pointer) => return Some(pointer),
                _ => return None,
            }
        }
    }

    /// Remembers where a local pointer points once it gets `value`.
    pub fn remember_memory(&mut self, local: LocalId, value: ExprId) {
        if !self.is_bcc() || !self.is_pointer(self.body.locals[local].ty.ty) {
            return;
        }
        if let Some(memory) = self.memory_of(value) {
            self.bcc.memory.insert(local, memory);
        }
    }

    /// Where the pointer `value` points, as far as that is known.
    fn memory_of(&self, value: ExprId) -> Option<Memory> {
        let node = &self.body.exprs[value];
        let by_origin = match &node.kind {
            ExprKind::Cast(inner) if self.is_pointer(self.type_of(*inner)) => {
                self.memory_of(*inner)
            }
            ExprKind::Cast(inner) => self.memory_of_number(*inner),
            ExprKind::PtrAdd { ptr, .. } => return self.memory_of(*ptr),
            ExprKind::StmtExpr {
                value: Some(value), ..
            }
            | ExprKind::Comma(_, value) => self.memory_of(*value),
            ExprKind::Conditional {
                then, otherwise, ..
            } => self.memory_of(*then).or_else(|| self.memory_of(*otherwise)),
            ExprKind::AddrOf(place) => match self.root_pointer(*place) {
                Some(pointer) => return self.memory_of(pointer),
                None => Some(Memory::Own),
            },
            ExprKind::Load(place) => match self.body.places[*place].kind {
                PlaceKind::Local(local) => self.bcc.memory.get(&local).copied(),
                _ => None,
            },
            ExprKind::Call {
                callee: Callee::Helper(id),
                ..
            } => memory_of_result(*id),
            _ => None,
        };
        by_origin.or_else(|| self.memory_by_type(node.ty))
    }

    /// Where an integer points that becomes a pointer: registers and arguments of a
    /// tracepoint hold pointers into the kernel.
    fn memory_of_number(&self, value: ExprId) -> Option<Memory> {
        match &self.body.exprs[value].kind {
            ExprKind::Cast(inner) => self.memory_of_number(*inner),
            ExprKind::Load(place) => {
                let pointer = self.root_pointer(*place)?;
                let to = self.pointee(self.type_of(pointer))?;
                let record = self.record_of(to.ty)?;
                let name = self.module.types.records[record].name?;
                let name = self.session.name(name);
                let holds_pointers = matches!(name, "pt_regs" | "bpf_raw_tracepoint_args")
                    || name.starts_with("trace_event_raw_");
                (holds_pointers && self.is_context(pointer)).then_some(Memory::Kernel)
            }
            ExprKind::Call {
                callee: Callee::Helper(id),
                ..
            } => memory_of_result(*id),
            ExprKind::StmtExpr {
                value: Some(value), ..
            } => self.memory_of_number(*value),
            _ => None,
        }
    }

    /// A type of the kernel's lives in the kernel, unless it is a context.
    fn memory_by_type(&self, ty: TypeId) -> Option<Memory> {
        let to = self.pointee(ty)?;
        let record = &self.module.types.records[self.record_of(to.ty)?];
        let name = record.name.map_or("", |name| self.session.name(name));
        let is_context = CONTEXTS.contains(&name)
            || name.starts_with("bpf_")
            || name.starts_with("trace_event_raw_");
        match record.origin {
            Origin::Kernel(_) if !is_context => Some(Memory::Kernel),
            _ => None,
        }
    }
}

/// What a helper's result points to.
fn memory_of_result(id: u32) -> Option<Memory> {
    let helper = bpfc_kabi::helper_by_id(id)?;
    match helper.name {
        "bpf_get_current_task" => Some(Memory::Kernel),
        // The verifier knows what this one points to.
        "bpf_get_current_task_btf" => Some(Memory::Own),
        _ if helper.signature.ret.is_ptr() => Some(Memory::Own),
        _ => None,
    }
}
