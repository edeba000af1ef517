//! Runs IR: the reference for what a program means, which passes and the back end must
//! keep. Input: a valid module, a function and its arguments. Helpers and the packet are
//! the [`Host`]'s. It is made for tests: small, checked, and not fast.

mod memory;

pub use memory::Memory;

use crate::ir::*;
use bpfc_base::IndexVec;

/// Why a run ended early.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// An access outside every object.
    #[error("access of {n_bytes} bytes at {address:#x} is outside every object")]
    OutOfBounds {
        /// First byte.
        address: u64,
        /// How many.
        n_bytes: u32,
    },
    /// `unreachable` was reached.
    #[error("`unreachable` was reached")]
    Unreachable,
    /// More instructions than allowed.
    #[error("out of fuel")]
    OutOfFuel,
    /// More than [`MAX_DEPTH`] calls.
    #[error("calls nest too deep")]
    TooDeep,
    /// A function without a body, or a helper that the host does not know.
    #[error("nobody implements the called function")]
    NoSuchFunction,
    /// Inline assembly, which only the real machine executes.
    #[error("inline assembly cannot be interpreted")]
    Assembly,
    /// A legacy packet access out of bounds: the program returns 0 (RFC 9669 §5.5).
    #[error("packet access out of bounds")]
    LeftProgram,
}

/// Deepest nesting of calls.
pub const MAX_DEPTH: u32 = 64;

/// What surrounds a program.
pub trait Host {
    /// A helper.
    fn helper(&mut self, number: u32, args: &[u64], memory: &mut Memory) -> Result<u64, Fault>;

    /// A function without a body: a kfunc, or one of another object.
    fn function(&mut self, _: &str, _: &[u64], _: &mut Memory) -> Result<u64, Fault> {
        Err(Fault::NoSuchFunction)
    }

    /// The packet of `LD_ABS`.
    fn packet(&self) -> &[u8] {
        &[]
    }
}

/// A module with its memory.
pub struct Machine<'a> {
    module: &'a Module,
    /// All objects.
    pub memory: Memory,
    /// Address of every global.
    pub globals: IndexVec<GlobalId, u64>,
    /// Instructions that may still be executed.
    pub fuel: u64,
}

/// Addresses of functions, which hold nothing.
const FUNC_BASE: u64 = 0x7fff_0000_0000_0000;

impl<'a> Machine<'a> {
    /// Memory with the globals' first content.
    pub fn new(module: &'a Module, fuel: u64) -> Self {
        let mut memory = Memory::default();
        let sizes = module.globals.iter().map(|g| g.size.min(1 << 24) as usize);
        let globals: IndexVec<GlobalId, u64> =
            sizes.map(|size| memory.allocate(vec![0; size])).collect();
        for (id, global) in module.globals.iter_enumerated() {
            let GlobalInit::Data { bytes, relocs } = &global.init else {
                continue;
            };
            let start = globals[id];
            // Well-formed: the content is as long as the object.
            let _ = memory.write(start, bytes);
            for reloc in relocs {
                let target = match reloc.target {
                    InitTarget::Global(id) => globals[id],
                    InitTarget::Func(id) => func_address(id),
                };
                let value = target.wrapping_add(reloc.addend as u64);
                let _ = memory.store(start + reloc.offset, Width::W64, value);
            }
        }
        Self { module, memory, globals, fuel }
    }

    /// Calls function `id`. The result of a `void` function is 0.
    pub fn call(&mut self, host: &mut dyn Host, id: FuncId, args: &[u64]) -> Result<u64, Fault> {
        match self.call_at(host, id, args, 0) {
            Err(Fault::LeftProgram) => Ok(0),
            result => result,
        }
    }

    fn call_at(
        &mut self,
        host: &mut dyn Host,
        id: FuncId,
        args: &[u64],
        depth: u32,
    ) -> Result<u64, Fault> {
        let func = &self.module.funcs[id];
        let Some(body) = &func.body else {
            return host.function(&func.name, args, &mut self.memory);
        };
        if depth == MAX_DEPTH {
            return Err(Fault::TooDeep);
        }
        let mark = self.memory.len();
        let slots = body.slots.iter();
        let slots =
            slots.map(|slot| self.memory.allocate(vec![0; slot.size.min(1 << 20) as usize]));
        let mut frame = Frame {
            body,
            slots: slots.collect(),
            values: IndexVec::from_elem(0, body.values.len()),
            depth,
        };
        let params = &body.blocks[body.entry].params;
        for (&param, &arg) in params.iter().zip(args) {
            frame.values[param] = arg;
        }
        let result = self.run(host, &mut frame);
        self.memory.truncate(mark);
        result
    }

    fn run(&mut self, host: &mut dyn Host, frame: &mut Frame<'_>) -> Result<u64, Fault> {
        let body = frame.body;
        let mut block = body.entry;
        loop {
            for &value in &body.blocks[block].insts {
                self.fuel = self.fuel.checked_sub(1).ok_or(Fault::OutOfFuel)?;
                let result = self.step(host, frame, value)?;
                frame.values[value] = truncate(body.ty(value), result);
            }
            self.fuel = self.fuel.checked_sub(1).ok_or(Fault::OutOfFuel)?;
            let target = match &body.blocks[block].term {
                Term::Unreachable => return Err(Fault::Unreachable),
                Term::Return(value) => return Ok(value.map_or(0, |value| self.get(frame, value))),
                Term::Jump(target) => target,
                Term::Branch { cond, lhs, rhs, then, otherwise } => {
                    match self.compare(frame, *cond, *lhs, *rhs) {
                        true => then,
                        false => otherwise,
                    }
                }
            };
            let args: Vec<u64> = target.args.iter().map(|&a| self.get(frame, a)).collect();
            block = target.block;
            for (&param, arg) in body.blocks[block].params.iter().zip(args) {
                frame.values[param] = arg;
            }
        }
    }

    /// The bits of a value; an `i32` has its upper half zero here.
    fn get(&self, frame: &Frame<'_>, value: Value) -> u64 {
        let inst = &frame.body.values[value];
        match inst.op {
            Op::Const(n) => truncate(inst.ty, n as u64),
            Op::Undef => 0,
            Op::SlotAddr(slot, offset) => frame.slots[slot].wrapping_add_signed(offset.into()),
            Op::GlobalAddr(id, offset) => self.globals[id].wrapping_add_signed(offset.into()),
            Op::FuncAddr(id) => func_address(id),
            Op::Core(core) => frame.body.cores[core].local as u64,
            _ => frame.values[value],
        }
    }

    /// The value as a constant of its type would be kept.
    fn get_signed(&self, frame: &Frame<'_>, value: Value) -> i64 {
        frame.body.ty(value).wrap(self.get(frame, value) as i64)
    }

    fn compare(&self, frame: &Frame<'_>, cond: Cond, a: Value, b: Value) -> bool {
        cond.eval(self.get_signed(frame, a), self.get_signed(frame, b))
    }

    fn address(&self, frame: &Frame<'_>, address: Address) -> u64 {
        let offset = match address.core {
            Some(core) => frame.body.cores[core].local,
            None => i64::from(address.offset),
        };
        self.get(frame, address.base).wrapping_add_signed(offset)
    }

    fn step(&mut self, host: &mut dyn Host, frame: &Frame<'_>, value: Value) -> Result<u64, Fault> {
        let inst = frame.body.values[value];
        let get = |value: Value| self.get(frame, value);
        Ok(match inst.op {
            Op::Binary(op, a, b) => {
                let (a, b) = (self.get_signed(frame, a), self.get_signed(frame, b));
                op.eval(inst.ty, a, b) as u64
            }
            Op::Compare(cond, a, b) => u64::from(self.compare(frame, cond, a, b)),
            Op::Zext(a) | Op::Trunc(a) | Op::PtrToInt(a) | Op::IntToPtr(a) | Op::Opaque(a) => {
                get(a)
            }
            Op::IsConstant(a) => u64::from(frame.body.as_const(a).is_some()),
            Op::Sext(a, width) => {
                let shift = 64 - width.bits();
                ((get(a) << shift) as i64 >> shift) as u64
            }
            Op::PtrAdd(a, b) => get(a).wrapping_add(get(b)),
            Op::Bswap(a, width) => get(a).swap_bytes() >> (64 - width.bits()),
            Op::Load(access) => {
                let address = self.address(frame, access.address);
                self.memory.load(address, access.width)?
            }
            Op::Store(access, value) => {
                let (address, value) = (self.address(frame, access.address), get(value));
                self.memory.store(address, access.width, value)?;
                0
            }
            Op::MemCopy { dst, src, n_bytes, .. } => {
                let (dst, src) = (self.address(frame, dst), self.address(frame, src));
                let bytes = self.memory.read(src, n_bytes)?.to_vec();
                self.memory.write(dst, &bytes)?;
                0
            }
            Op::MemSet { dst, byte, n_bytes, .. } => {
                let (dst, byte) = (self.address(frame, dst), get(byte) as u8);
                self.memory.write(dst, &vec![byte; n_bytes as usize])?;
                0
            }
            Op::Atomic { op, access, value, expected } => {
                self.atomic(frame, op, access, value, expected)?
            }
            Op::Call(callee, args) => {
                let args: Vec<u64> = args.as_slice().iter().map(|&arg| get(arg)).collect();
                match callee {
                    Callee::Helper(number) => host.helper(number, &args, &mut self.memory)?,
                    Callee::Func(id) => self.call_at(host, id, &args, frame.depth + 1)?,
                    Callee::Memory(MemoryOp::Compare) => {
                        let n_bytes = u32::try_from(args[2]).map_err(|_| Fault::OutOfFuel)?;
                        let left = self.memory.read(args[0], n_bytes)?;
                        let right = self.memory.read(args[1], n_bytes)?;
                        left.cmp(right) as i64 as u64
                    }
                    Callee::Memory(op) => {
                        let n_bytes = u32::try_from(args[2]).map_err(|_| Fault::OutOfFuel)?;
                        let bytes = match op {
                            MemoryOp::Set => vec![args[1] as u8; n_bytes as usize],
                            _ => self.memory.read(args[1], n_bytes)?.to_vec(),
                        };
                        self.memory.write(args[0], &bytes)?;
                        0
                    }
                    Callee::Indirect => {
                        let is_callee = |id: &FuncId| func_address(*id) == args[0];
                        let callee = self.module.funcs.ids().find(is_callee);
                        let callee = callee.ok_or(Fault::NoSuchFunction)?;
                        self.call_at(host, callee, &args[1..], frame.depth + 1)?
                    }
                }
            }
            Op::LoadPacket(_, offset, width) => load_packet(host.packet(), get(offset), width)?,
            Op::Barrier => 0,
            Op::Asm(..) | Op::AsmResult(..) => return Err(Fault::Assembly),
            Op::Const(_)
            | Op::Undef
            | Op::SlotAddr(..)
            | Op::GlobalAddr(..)
            | Op::FuncAddr(_)
            | Op::Core(_)
            | Op::Param => unreachable!("validated: in no block"),
        })
    }

    fn atomic(
        &mut self,
        frame: &Frame<'_>,
        op: AtomicOp,
        access: Access,
        value: Value,
        expected: Option<Value>,
    ) -> Result<u64, Fault> {
        let address = self.address(frame, access.address);
        let old = self.memory.load(address, access.width)?;
        let value = self.get(frame, value);
        let new = match op {
            AtomicOp::Add => old.wrapping_add(value),
            AtomicOp::And => old & value,
            AtomicOp::Or => old | value,
            AtomicOp::Xor => old ^ value,
            AtomicOp::Exchange => value,
            AtomicOp::CompareExchange => match expected.map(|e| self.get(frame, e)) {
                Some(expected) if expected == old => value,
                _ => old,
            },
        };
        self.memory.store(address, access.width, new)?;
        Ok(old)
    }
}

struct Frame<'a> {
    body: &'a Body,
    slots: IndexVec<SlotId, u64>,
    values: IndexVec<Value, u64>,
    depth: u32,
}

fn func_address(id: FuncId) -> u64 {
    FUNC_BASE + bpfc_base::Idx::index(id) as u64 * 8
}

fn truncate(ty: Type, bits: u64) -> u64 {
    match ty {
        Type::I32 => bits & 0xffff_ffff,
        _ => bits,
    }
}

fn load_packet(packet: &[u8], offset: u64, width: Width) -> Result<u64, Fault> {
    let start = usize::try_from(offset).map_err(|_| Fault::LeftProgram)?;
    let end = start.checked_add(width.bytes() as usize);
    let bytes = end.and_then(|end| packet.get(start..end)).ok_or(Fault::LeftProgram)?;
    Ok(bytes.iter().fold(0, |all, &byte| all << 8 | u64::from(byte)))
}
