//! Reads of kernel memory: a load through a pointer of the kernel becomes
//! `({ T t; bpf_probe_read_kernel(&t, sizeof(t), &object); t; })`.
//!
//! Addresses stay addresses (`&p->member`, arrays), writes are
//! errors. A read that fails gives 0: the helper fills all of `t` even then.

use super::programs::Program;
use super::spaces::{Bits, KernelRead, Spaces};
use crate::checker::Checker;
use crate::hir::{
    BinaryOp, CoreKind, CoreQuery, ExprId, ExprKind, FuncId, IntKind, Member, Origin, PlaceId,
    PlaceKind, QualType, Quals, StmtKind, TypeId,
};
use bpfc_base::codes::bcc::E0509;
use bpfc_base::{Diagnostic, Span};
use bpfc_btf::Endian;

impl Checker<'_> {
    /// Makes helper calls of all reads of kernel memory.
    pub(super) fn read_kernel_memory(&mut self, programs: &[Program]) {
        let spaces = Spaces::of(&self.module, programs);
        let (reads, writes) = (spaces.reads(), spaces.writes());
        for (span, bits) in writes {
            self.report_write(span, bits);
        }
        for (func, reads) in reads {
            self.rewrite_reads(func, &reads);
        }
    }

    fn report_write(&mut self, span: Span, bits: Bits) {
        let message = "this writes to memory of the kernel, which programs can only read";
        let diagnostic = Diagnostic::new(E0509, span, message);
        self.report(match bits.contains(Bits::SYSCALL) {
            true => diagnostic.with_help("if it is memory of the process: `bpf_probe_write_user`"),
            false => diagnostic.with_help("copy the object to a local variable, and change that"),
        });
    }

    fn rewrite_reads(&mut self, func: FuncId, reads: &[KernelRead]) {
        let Some(body) = self.module.funcs[func].body.take() else {
            return;
        };
        let outer = std::mem::replace(&mut self.body, body);
        for read in reads {
            let ExprKind::Load(place) = self.body.exprs[read.load].kind else {
                continue;
            };
            let span = self.span_of(read.load);
            let helper = self.helper_for(place, read.bits);
            let value = match self.bit_field(place) {
                Some(_) => self.read_bit_field(place, helper, span),
                None => self.kernel_read(place, helper, span),
            };
            self.body.exprs[read.load].kind = self.body.exprs[value].kind.clone();
        }
        let body = std::mem::replace(&mut self.body, outer);
        self.module.funcs[func].body = Some(body);
    }

    /// Which helper reads `place`: the one for any memory where it might be a process's.
    fn helper_for(&self, place: PlaceId, bits: Bits) -> &'static str {
        let is_surely_kernel = !bits.contains(Bits::SYSCALL)
            && (!bits.contains(Bits::ANY) || self.is_in_kernel_record(place));
        if is_surely_kernel { "bpf_probe_read_kernel" } else { "bpf_probe_read" }
    }

    fn is_in_kernel_record(&self, place: PlaceId) -> bool {
        let node = &self.body.places[place];
        let is_kernel = self.record_of(node.ty.ty).is_some_and(|record| {
            matches!(self.module.types.records[record].origin, Origin::Kernel(_))
        });
        is_kernel
            || match node.kind {
                PlaceKind::Member { base, .. } | PlaceKind::Index { base, .. } => {
                    self.is_in_kernel_record(base)
                }
                _ => false,
            }
    }

    /// The content of `place`, read by `helper`.
    pub(super) fn kernel_read(&mut self, place: PlaceId, helper: &str, span: Span) -> ExprId {
        let ty = self.body.places[place].ty.ty;
        let Some(n_bytes) = self.module.types.size_of(ty) else {
            return self.poison(span);
        };
        let local = self.temporary(QualType::plain(ty), span);
        let init = self.statement(StmtKind::Declare(local), span);
        let uint = self.common.uint;
        let size = self.int(i128::from(n_bytes), uint, span);
        let source = self.address(place, span);
        let to = self.local_address(local, span);
        let call = self.probe_read(helper, to, size, source, span);
        let call = self.statement(StmtKind::Expr(call), span);
        let value = self.local(local, span);
        self.statements_then(vec![init, call], Some(value), span)
    }

    fn probe_read(
        &mut self,
        helper: &str,
        to: ExprId,
        size: ExprId,
        source: ExprId,
        span: Span,
    ) -> ExprId {
        let Some(helper) = bpfc_kabi::helper(helper) else {
            return self.poison(span);
        };
        let (void, const_void) = self.void_pointers(span);
        let to = self.cast(to, void, span);
        let source = self.cast(source, const_void, span);
        self.helper_call(helper, vec![to, size, source], span)
    }

    fn void_pointers(&mut self, span: Span) -> (TypeId, TypeId) {
        let quals = Quals { is_const: true, ..Quals::default() };
        let void = self.common.void;
        (self.ptr_to(QualType::plain(void), span), self.ptr_to(QualType { ty: void, quals }, span))
    }

    /// A bit-field, from the bytes around it: shifted left until its first bit is the
    /// highest, then right. Where the kernel decides on the layout, it decides on the
    /// shifts as well.
    fn read_bit_field(&mut self, place: PlaceId, helper: &str, span: Span) -> ExprId {
        let Some(field) = self.bit_field_parts(place, span) else {
            return self.poison(span);
        };
        let ty = self.type_of_place(place);
        let is_signed = self.int_shape(ty).is_some_and(|(_, is_signed)| is_signed);
        let (kind, shifted) = if is_signed {
            (IntKind::LongLong, IntKind::LongLong)
        } else {
            (IntKind::ULongLong, IntKind::ULongLong)
        };
        let wide = self.int_type(kind);
        let (local, init) = self.zeroed_temporary(wide, span);
        let mut to = self.local_address(local, span);
        if self.module.endian == Endian::Big {
            // What is read is the low end of the word, as a load has it.
            to = self.behind_start(to, field.size, span);
        }
        let call = self.probe_read(helper, to, field.size, field.address, span);
        let call = self.statement(StmtKind::Expr(call), span);
        let shifted = self.int_type(shifted);
        let value = self.local(local, span);
        let value = self.arith(BinaryOp::Shl, value, field.left, shifted, span);
        let value = self.arith(BinaryOp::Shr, value, field.right, shifted, span);
        let value = self.cast(value, ty, span);
        self.statements_then(vec![init, call], Some(value), span)
    }

    /// `(char *)word + 8 - n_bytes`
    fn behind_start(&mut self, word: ExprId, n_bytes: ExprId, span: Span) -> ExprId {
        let ulong = self.common.ulong;
        let eight = self.int(8, ulong, span);
        let n_bytes = self.cast(n_bytes, ulong, span);
        let index = self.arith(BinaryOp::Sub, eight, n_bytes, ulong, span);
        let ty = self.type_of(word);
        self.value(ExprKind::PtrAdd { ptr: word, index, scale: 1 }, ty, span)
    }

    fn type_of_place(&self, place: PlaceId) -> TypeId {
        self.body.places[place].ty.ty
    }

    fn bit_field_parts(&mut self, place: PlaceId, span: Span) -> Option<BitField> {
        let PlaceKind::Member { base, member, is_relocatable } = self.body.places[place].kind
        else {
            return None;
        };
        let mut path = Vec::new();
        let root = self.access_path(place, &mut path);
        if is_relocatable
            && let (Some(ty), Some(0)) = (root, path.first())
            && let Some(root) = self.root_pointer(place)
        {
            let ask = |this: &mut Self, kind| {
                let query = CoreQuery { kind, ty, path: path.clone() };
                let uint = this.common.uint;
                this.value(ExprKind::Core(query), uint, span)
            };
            let offset = ask(self, CoreKind::FieldByteOffset);
            return Some(BitField {
                address: self.bytes_behind(root, offset, span),
                size: ask(self, CoreKind::FieldByteSize),
                left: ask(self, CoreKind::FieldLshiftU64),
                right: ask(self, CoreKind::FieldRshiftU64),
            });
        }
        let record = self.record_of(self.type_of_place(base))?;
        let body = self.module.types.records[record].body.as_ref()?;
        let Member { offset_bits, bits, .. } = body.members[member as usize];
        let bits = u64::from(bits?);
        let first_byte = offset_bits / 8;
        let first_bit = offset_bits % 8;
        let n_bytes = (first_bit + bits).div_ceil(8);
        if n_bytes > 8 {
            return None;
        }
        let (uint, ulong) = (self.common.uint, self.common.ulong);
        let root = self.address(base, span);
        let offset = self.int(i128::from(first_byte), ulong, span);
        Some(BitField {
            address: self.bytes_behind(root, offset, span),
            size: self.int(i128::from(n_bytes), uint, span),
            left: self.int(i128::from(64 - first_bit - bits), uint, span),
            right: self.int(i128::from(64 - bits), uint, span),
        })
    }

    /// The pointer through which `place` is reached.
    fn root_pointer(&self, mut place: PlaceId) -> Option<ExprId> {
        loop {
            match self.body.places[place].kind {
                PlaceKind::Member { base, .. } | PlaceKind::Index { base, .. } => place = base,
                PlaceKind::Deref(ptr) => return Some(ptr),
                _ => return None,
            }
        }
    }

    /// `(void *)ptr + offset`
    fn bytes_behind(&mut self, ptr: ExprId, offset: ExprId, span: Span) -> ExprId {
        let (void, _) = self.void_pointers(span);
        let ulong = self.common.ulong;
        let ptr = self.cast(ptr, void, span);
        let index = self.cast(offset, ulong, span);
        let sum = ExprKind::PtrAdd { ptr, index, scale: 1 };
        self.value(sum, void, span)
    }
}

/// Where a bit-field is: the bytes to read, and how far to shift them as 64 bits.
struct BitField {
    address: ExprId,
    size: ExprId,
    left: ExprId,
    right: ExprId,
}
