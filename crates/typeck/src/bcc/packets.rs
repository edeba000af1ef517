//! Headers of packets as `<bcc/proto.h>` describes them: pointers to such structs are offsets
//! in the packet of the function's first parameter, and their members are read and written by
//! `bpf_dext_pkt` and `bpf_dins_pkt` of that header, as numbers in the byte order of the host.
//!
//! Bits count from the most significant one of the first byte, as protocols have them, so
//! the offset of a member in its struct is that in the packet whatever the byte order.

use crate::checker::Checker;
use crate::hir::{
    BinaryOp, Body, ExprId, ExprKind, FuncId, IntKind, LocalId, PlaceId, PlaceKind, StmtKind,
    TypeId,
};
use crate::scope::Entity;
use crate::walk::{Node, walk};
use bpfc_base::codes::bcc::E0508;
use bpfc_base::{Diagnostic, Idx, Span};

/// The `btf_decl_tag` of structs that describe packets.
const PACKET_TAG: &str = "bcc:packet";

/// Largest number that is read or written at once.
const MAX_BITS: u64 = 64;

/// A member of a header in the packet.
#[derive(Clone, Copy, Debug)]
struct Field {
    /// Where the header is: a pointer that is an offset.
    base: ExprId,
    /// Where the member is in it.
    offset_bits: u64,
    n_bits: u64,
    ty: TypeId,
}

impl Checker<'_> {
    /// Makes calls of all accesses to packet headers.
    pub(super) fn access_packets(&mut self) {
        if !self.module.types.records.iter().any(|record| self.is_packet_record(&record.decl_tags))
        {
            return;
        }
        let funcs: Vec<FuncId> = self.module.funcs.ids().collect();
        for func in funcs {
            let Some(mut body) = self.module.funcs[func].body.take() else {
                continue;
            };
            std::mem::swap(&mut self.body, &mut body);
            self.access_packets_in_body();
            std::mem::swap(&mut self.body, &mut body);
            self.module.funcs[func].body = Some(body);
        }
    }

    fn is_packet_record(&self, decl_tags: &[bpfc_base::Symbol]) -> bool {
        decl_tags.iter().any(|&tag| self.session.name(tag) == PACKET_TAG)
    }

    fn access_packets_in_body(&mut self) {
        let mut accesses = Vec::new();
        walk(&self.body, |node| {
            if let Node::Expr(id) = node
                && place_of_access(&self.body, id).is_some()
            {
                accesses.push(id);
            }
        });
        // Inner ones first: what an access needs is in its final form then.
        for access in accesses.into_iter().rev() {
            let Some(place) = place_of_access(&self.body, access) else {
                continue;
            };
            if self.packet_record(place).is_some() {
                self.rewrite_access(access, place);
            }
        }
    }

    /// The pointer to the header that `place` is in.
    fn packet_record(&self, mut place: PlaceId) -> Option<ExprId> {
        loop {
            let node = &self.body.places[place];
            match node.kind {
                PlaceKind::Deref(base) => {
                    let record = self.record_of(node.ty.ty)?;
                    let tags = &self.module.types.records[record].decl_tags;
                    return self.is_packet_record(tags).then_some(base);
                }
                PlaceKind::Member { base, .. } | PlaceKind::Index { base, .. } => place = base,
                _ => return None,
            }
        }
    }

    fn rewrite_access(&mut self, access: ExprId, place: PlaceId) {
        let span = self.span_of(access);
        let Some(field) = self.packet_field(place) else {
            let message = "packets are read and written a member at a time";
            let help = "access a member that is a number of at most 64 bits";
            self.report(Diagnostic::new(E0508, span, message).with_help(help));
            self.body.exprs[access].kind = ExprKind::Error;
            return;
        };
        let value = match self.body.exprs[access].kind.clone() {
            ExprKind::Assign { value, .. } => self.write_field(field, value, span),
            ExprKind::AssignOp { op, value, compute, .. } => {
                let old = self.read_field(field, span);
                let old = self.cast(old, compute, span);
                let new = self.arith(op, old, value, compute, span);
                let new = self.cast(new, field.ty, span);
                self.write_field(field, new, span)
            }
            ExprKind::IncDec { delta, is_postfix, .. } => {
                self.step_field(field, delta, is_postfix, span)
            }
            _ => self.read_field(field, span),
        };
        self.body.exprs[access].kind = self.body.exprs[value].kind.clone();
    }

    fn packet_field(&self, place: PlaceId) -> Option<Field> {
        let PlaceKind::Member { base, member, .. } = self.body.places[place].kind else {
            return None;
        };
        let mut offset_bits = 0;
        let ty = self.body.places[place].ty.ty;
        let (_, member) = self.member_at(base, member)?;
        let n_bits = match member.bits {
            Some(bits) => u64::from(bits),
            None => self.module.types.size_of(ty)? * 8,
        };
        offset_bits += member.offset_bits;
        let mut outer = base;
        while let PlaceKind::Member { base, member, .. } = self.body.places[outer].kind {
            offset_bits += self.member_at(base, member)?.1.offset_bits;
            outer = base;
        }
        let PlaceKind::Deref(base) = self.body.places[outer].kind else {
            return None;
        };
        let is_number = self.is_scalar(ty) && n_bits <= MAX_BITS;
        is_number.then_some(Field { base, offset_bits, n_bits, ty })
    }

    fn member_at(&self, base: PlaceId, member: u32) -> Option<(TypeId, &crate::hir::Member)> {
        let ty = self.body.places[base].ty.ty;
        let record = self.record_of(ty)?;
        let body = self.module.types.records[record].body.as_ref()?;
        Some((ty, &body.members[member as usize]))
    }

    /// Packet, offset, bit, number of bits: what both functions begin with.
    fn field_args(&mut self, field: Field, span: Span) -> Option<Vec<ExprId>> {
        let number = self.int_type(IntKind::ULongLong);
        let packet = self.packet_of_function(span)?;
        let base = self.cast(field.base, number, span);
        let by = self.int(i128::from(field.offset_bits / 8), number, span);
        let at = self.arith(BinaryOp::Add, base, by, number, span);
        let bit = self.int(i128::from(field.offset_bits % 8), number, span);
        let n_bits = self.int(i128::from(field.n_bits), number, span);
        Some(vec![packet, at, bit, n_bits])
    }

    fn read_field(&mut self, field: Field, span: Span) -> ExprId {
        let Some(args) = self.field_args(field, span) else {
            return self.poison(span);
        };
        let value = self.call_packet_function("bpf_dext_pkt", args, span);
        self.cast(value, field.ty, span)
    }

    fn write_field(&mut self, field: Field, value: ExprId, span: Span) -> ExprId {
        let Some(mut args) = self.field_args(field, span) else {
            return self.poison(span);
        };
        let number = self.int_type(IntKind::ULongLong);
        let (local, init) = self.fill_temporary(value);
        let value = self.local(local, span);
        args.push(self.cast(value, number, span));
        let write = self.call_packet_function("bpf_dins_pkt", args, span);
        let write = self.statement(StmtKind::Expr(write), span);
        let value = self.local(local, span);
        let value = self.cast(value, field.ty, span);
        self.statements_then(vec![init, write], Some(value), span)
    }

    fn step_field(&mut self, field: Field, delta: i64, is_postfix: bool, span: Span) -> ExprId {
        let old = self.read_field(field, span);
        let (local, init) = self.fill_temporary(old);
        let old = self.local(local, span);
        let step = self.int(i128::from(delta), field.ty, span);
        let new = self.arith(BinaryOp::Add, old, step, field.ty, span);
        let new = self.write_field(field, new, span);
        if !is_postfix {
            return self.statements_then(vec![init], Some(new), span);
        }
        let write = self.statement(StmtKind::Expr(new), span);
        let old = self.local(local, span);
        self.statements_then(vec![init, write], Some(old), span)
    }

    fn call_packet_function(&mut self, name: &str, args: Vec<ExprId>, span: Span) -> ExprId {
        let symbol = self.session.intern(name);
        match self.scopes.find(symbol).map(|found| found.entity) {
            Some(Entity::Func(func)) => self.call_func(func, args, span),
            _ => {
                let message = format!("accesses to packets need `{name}`");
                let help = "add `#include <bcc/proto.h>`";
                self.report(Diagnostic::new(E0508, span, message).with_help(help));
                self.poison(span)
            }
        }
    }

    /// The packet that the function is about: its first parameter.
    pub(super) fn packet_of_function(&mut self, span: Span) -> Option<ExprId> {
        let first = LocalId::new(0);
        let ty = self.body.locals.get(first).map(|local| local.ty.ty);
        let is_packet = self.body.n_params > 0 && ty.is_some_and(|ty| self.is_pointer(ty));
        if is_packet {
            return Some(self.local(first, span));
        }
        let message = "a packet is accessed in a function whose first parameter is none";
        let help = "let it be `struct __sk_buff *skb`";
        self.report(Diagnostic::new(E0508, span, message).with_help(help));
        None
    }
}

/// The object that an expression reads or writes.
fn place_of_access(body: &Body, id: ExprId) -> Option<PlaceId> {
    match body.exprs[id].kind {
        ExprKind::Load(place)
        | ExprKind::Assign { place, .. }
        | ExprKind::AssignOp { place, .. }
        | ExprKind::IncDec { place, .. } => Some(place),
        _ => None,
    }
}
