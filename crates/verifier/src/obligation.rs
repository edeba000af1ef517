//! What an instruction demands of the state before it runs, as data. One kind of demand, once
//! broken, has one kind of [`Fault`](crate::fault::Fault) with its code.

use crate::fault::Ending;
use crate::program::{Op, Operand};
use bpfc_isa::{AluOp, AtomicOp, Callee, Insn, LoadType, Reg, Src, Wide, Width};
use bpfc_kabi::{Callback, helper_by_id};

/// One demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obligation {
    /// The register was set on this path.
    Readable(Reg),
    /// The register may be overwritten: it is not the frame pointer.
    Writable(Reg),
    /// The operation is defined on these operands, where they are pointers.
    Arithmetic {
        /// 64-bit operations are the only ones that pointers know.
        width: Width,
        /// The operation.
        op: AluOp,
        /// The left operand, and where the result goes.
        dst: Reg,
        /// The right operand.
        src: Src,
    },
    /// A constant divisor is not zero, a constant shift is below the width.
    Constant {
        /// The width of the operation.
        width: Width,
        /// The operation.
        op: AluOp,
        /// The right operand.
        value: i32,
    },
    /// The memory may be accessed.
    Access(Access),
    /// The program may call this helper.
    Callable(u32),
    /// The register fits the helper's parameter.
    Argument {
        /// The helper.
        helper: u32,
        /// The parameter, from 0.
        idx: usize,
    },
    /// The kernel function may be called, with these arguments.
    Kfunc(u32),
    /// The register fits the parameter of a function that is verified by itself.
    Contract {
        /// The function.
        func: u32,
        /// The parameter, from 0.
        idx: usize,
    },
    /// The call does not nest too deeply.
    Depth,
    /// `r6` is the context, and the program type may load from the packet that way.
    PacketLoad,
    /// Nothing is held any more and no section is open, if this ends the program.
    Ending(Ending),
    /// What a single helper demands of its arguments together.
    Special(u32),
    /// The function may be called in the sections that are open.
    Enterable(u32),
    /// The kernel function may be called in the sections that are open.
    KernelCall,
    /// `r0` may be returned.
    Returnable,
    /// The function whose address is loaded is static: it is verified where it is called back.
    Callback(u32),
    /// The instruction is for users without privileges.
    Privileged,
    /// The map that the instruction names is one of the object's.
    Exists,
    /// The instruction makes sense at all: what it refers to exists.
    WellFormed,
}

/// A memory access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The register that holds the address.
    pub base: Reg,
    /// What is added to it.
    pub off: i16,
    /// The number of bytes: 1, 2, 4 or 8.
    pub n_bytes: u32,
    /// What is done.
    pub kind: AccessKind,
    /// The register that is stored.
    pub stored: Option<Reg>,
    /// Whether a load extends the sign.
    pub is_signed: bool,
}

/// What an access does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessKind {
    /// A load.
    Read,
    /// A store.
    Write,
    /// An atomic operation: both, and aligned.
    Update,
}

/// What `op` demands, in the order in which the kernel looks.
pub fn obligations(op: &Op) -> Vec<Obligation> {
    let mut all = Vec::new();
    match op.insn {
        Insn::Alu { width, op, dst, src } => alu(&mut all, width, op, dst, src),
        Insn::Neg { dst, .. } | Insn::ByteSwap { dst, .. } => {
            all.extend([Obligation::Readable(dst), Obligation::Writable(dst)]);
        }
        Insn::CastAddrSpace { dst, src, .. } => all.extend([
            Obligation::WellFormed,
            Obligation::Readable(src),
            Obligation::Writable(dst),
        ]),
        Insn::SignExtend { dst, src, .. } => {
            all.extend([Obligation::Readable(src), Obligation::Writable(dst)]);
        }
        Insn::LoadImm64 { dst, value } => {
            all.push(Obligation::Writable(dst));
            let is_map = matches!(value, Wide::MapFd(_) | Wide::MapValue { .. });
            if op.operand == Operand::Kernel && is_map {
                all.push(Obligation::Exists);
            }
            if let Operand::Func(func) = op.operand {
                all.push(Obligation::Callback(func));
            }
        }
        Insn::Load { ty, dst, base, off } => {
            let n_bytes = ty.size().bytes();
            load(&mut all, dst, base, off, n_bytes, AccessKind::Read);
            if let Some(Obligation::Access(access)) = all.last_mut() {
                access.is_signed = matches!(ty, LoadType::S8 | LoadType::S16 | LoadType::S32);
            }
        }
        Insn::LoadAcquire { size, dst, base, off } => {
            load(&mut all, dst, base, off, size.bytes(), AccessKind::Update)
        }
        Insn::Store { size, base, off, src } => {
            let stored = register(src);
            store(&mut all, base, off, size.bytes(), stored, AccessKind::Write);
        }
        Insn::StoreRelease { size, base, off, src } => {
            store(&mut all, base, off, size.bytes(), Some(src), AccessKind::Update)
        }
        Insn::Atomic { op, width, base, off, src } => {
            let n_bytes = width.size().bytes();
            all.push(Obligation::Readable(src));
            if op == AtomicOp::CmpXchg {
                all.push(Obligation::Readable(Reg::R0));
            } else if op.fetches() {
                all.push(Obligation::Writable(src));
            }
            store(&mut all, base, off, n_bytes, None, AccessKind::Update);
        }
        Insn::LoadPacket { index, .. } => {
            all.push(Obligation::Readable(Reg::R6));
            all.extend(index.map(Obligation::Readable));
            all.push(Obligation::PacketLoad);
            all.push(Obligation::Ending(Ending::PacketLoad));
        }
        Insn::JumpIf { dst, src, .. } => {
            all.extend(register(src).map(Obligation::Readable));
            all.push(Obligation::Readable(dst));
        }
        Insn::Call(callee) => call(&mut all, callee, op.operand),
        Insn::Exit => all.extend([Obligation::Ending(Ending::Exit), Obligation::Returnable]),
        Insn::Jump { .. } | Insn::JumpLong { .. } | Insn::MayGoto { .. } => {}
    }
    all
}

fn register(src: Src) -> Option<Reg> {
    match src {
        Src::Reg(reg) => Some(reg),
        Src::Imm(_) => None,
    }
}

fn alu(all: &mut Vec<Obligation>, width: Width, op: AluOp, dst: Reg, src: Src) {
    all.extend(register(src).map(Obligation::Readable));
    if op != AluOp::Mov {
        all.push(Obligation::Readable(dst));
    }
    all.push(Obligation::Writable(dst));
    if let Src::Imm(value) = src {
        all.push(Obligation::Constant { width, op, value });
    }
    if op != AluOp::Mov {
        all.push(Obligation::Arithmetic { width, op, dst, src });
    }
}

fn load(all: &mut Vec<Obligation>, dst: Reg, base: Reg, off: i16, n_bytes: u32, kind: AccessKind) {
    all.extend([Obligation::Readable(base), Obligation::Writable(dst)]);
    all.push(Obligation::Access(Access {
        base,
        off,
        n_bytes,
        kind,
        stored: None,
        is_signed: false,
    }));
}

fn store(
    all: &mut Vec<Obligation>,
    base: Reg,
    off: i16,
    n_bytes: u32,
    stored: Option<Reg>,
    kind: AccessKind,
) {
    all.extend(stored.map(Obligation::Readable));
    all.push(Obligation::Readable(base));
    all.push(Obligation::Access(Access { base, off, n_bytes, kind, stored, is_signed: false }));
}

fn call(all: &mut Vec<Obligation>, callee: Callee, operand: Operand) {
    match (callee, operand) {
        (Callee::Helper(helper), _) => {
            all.push(Obligation::Callable(helper));
            let n_args = helper_by_id(helper).map_or(0, |helper| helper.proto.args.len());
            for idx in 0..n_args {
                all.push(Obligation::Readable(Reg::ARGS[idx]));
                all.push(Obligation::Argument { helper, idx });
            }
            all.push(Obligation::Special(helper));
            let callback = helper_by_id(helper).and_then(|helper| helper.effects.callback);
            if callback.is_some_and(|callback| callback != Callback::Timer) {
                all.push(Obligation::Depth);
            }
        }
        (Callee::Local { .. }, Operand::Func(func)) => {
            all.extend([Obligation::Enterable(func), Obligation::Depth]);
            all.extend((0..5).map(|idx| Obligation::Contract { func, idx }));
        }
        (_, Operand::Kfunc(func)) => {
            all.extend([Obligation::KernelCall, Obligation::Kfunc(func)]);
        }
        (Callee::Kfunc { .. }, _) | (_, Operand::Kernel) => all.push(Obligation::KernelCall),
        (Callee::Local { .. }, _) => all.push(Obligation::WellFormed),
    }
}
