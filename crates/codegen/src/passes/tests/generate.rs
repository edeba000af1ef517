//! Random programs without undefined behaviour, in the style of unoptimised code: all
//! variables in slots, which are written before they are read.

use crate::ir::*;
use bpfc_base::{Idx, Span};

/// SplitMix64 (Steele, Lea, Flood 2014).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    fn constant(&mut self) -> i64 {
        match self.below(6) {
            0 => self.next() as i64,
            1 => self.pick(&[-1, 0, 1, 0xff, 0xffff, 0xffff_ffff, 1 << 31, i64::MIN, i64::MAX]),
            2 => 1 << self.below(64),
            _ => self.below(16) as i64 - 4,
        }
    }
}

/// A module with an entry `fn0(ctx, i64, i64)`, helper functions and some globals.
pub(crate) fn module(seed: u64) -> Module {
    let mut random = Random::new(seed);
    let mut module = Module::default();
    let global = |name: &str, kind, init| Global {
        name: name.into(),
        kind,
        size: 32,
        align: 8,
        init,
        span: Span::NONE,
    };
    module.globals.push(global("data", GlobalKind::Data, GlobalInit::Zero));
    let bytes: Vec<u8> = (0..32).map(|_| random.next() as u8).collect();
    let init = GlobalInit::Data { bytes, relocs: Vec::new() };
    module.globals.push(global("table", GlobalKind::Constant, init));
    let n_funcs = 1 + random.below(4);
    for idx in 0..n_funcs {
        let is_main = idx == 0;
        let params = if is_main {
            vec![Type::Ptr, Type::I64, Type::I64]
        } else {
            vec![Type::I64, Type::Ptr]
        };
        let func = Func {
            name: format!("f{idx}"),
            section: is_main.then(|| "xdp".into()),
            linkage: if is_main { Linkage::Global } else { Linkage::Static },
            inline: random.pick(&[Inline::Default, Inline::Always, Inline::Never, Inline::Hint]),
            is_kfunc: false,
            is_naked: false,
            ret: Type::I64,
            params: params.clone(),
            span: Span::NONE,
            body: None,
        };
        module.funcs.push(func);
    }
    for idx in 0..n_funcs {
        let n_stmts = 3 + random.below(8);
        let body = Generator::new(&mut random, &module, idx).body(n_stmts);
        module.funcs[FuncId::new(idx)].body = Some(body);
    }
    module
}

struct Generator<'a> {
    random: &'a mut Random,
    module: &'a Module,
    func: usize,
    body: Body,
    block: BlockId,
    /// Variables and their widths.
    vars: Vec<(SlotId, Width)>,
    /// 16 bytes each, as arrays, structs and buffers.
    buffers: Vec<SlotId>,
    depth: u32,
    /// Where `break` goes.
    exits: Vec<BlockId>,
}

impl<'a> Generator<'a> {
    fn new(random: &'a mut Random, module: &'a Module, func: usize) -> Self {
        let body = Body::new();
        let block = body.entry;
        Self {
            random,
            module,
            func,
            body,
            block,
            vars: vec![],
            buffers: vec![],
            depth: 0,
            exits: vec![],
        }
    }

    fn body(mut self, n_stmts: usize) -> Body {
        let params = self.module.funcs[FuncId::new(self.func)].params.clone();
        let entry = self.body.entry;
        let params: Vec<Value> =
            params.iter().map(|&ty| self.body.push_param(entry, ty, Span::NONE)).collect();
        for idx in 0..2 + self.random.below(4) {
            let width = self.random.pick(&Width::ALL);
            let slot = self.slot(width.bytes());
            self.vars.push((slot, width));
            let value = params.iter().copied().filter(|&p| self.body.ty(p) == Type::I64).nth(idx);
            let value = value.unwrap_or_else(|| self.number(Type::I64));
            self.store(slot, 0, width, value);
        }
        for _ in 0..1 + self.random.below(2) {
            let slot = self.slot(16);
            self.buffers.push(slot);
            let dst = Address::new(self.body.slot_addr(slot, 0), 0);
            let byte = self.body.constant(Type::I32, self.random.pick(&[0, 0, 1, 0xff]));
            self.push(Op::MemSet { dst, byte, n_bytes: 16, align: 8 }, Type::Void);
        }
        self.stmts(n_stmts);
        let value = self.value(Type::I64, 3);
        self.body.blocks[self.block].term = Term::Return(Some(value));
        self.body
    }

    fn slot(&mut self, size: u32) -> SlotId {
        self.body.slots.push(Slot { size, align: size.min(8), name: None })
    }

    fn push(&mut self, op: Op, ty: Type) -> Value {
        self.body.push(self.block, op, ty, Span::NONE)
    }

    fn number(&mut self, ty: Type) -> Value {
        let n = self.random.constant();
        self.body.constant(ty, n)
    }

    fn address(&mut self, slot: SlotId, offset: i32) -> Address {
        match self.random.below(4) {
            // As a pointer that was computed.
            0 => {
                let base = self.body.slot_addr(slot, 0);
                let offset = self.body.constant(Type::I64, offset.into());
                Address::new(self.push(Op::PtrAdd(base, offset), Type::Ptr), 0)
            }
            1 => Address::new(self.body.slot_addr(slot, offset), 0),
            _ => Address::new(self.body.slot_addr(slot, 0), offset),
        }
    }

    fn store(&mut self, slot: SlotId, offset: i32, width: Width, value: Value) {
        let address = self.address(slot, offset);
        self.push(Op::Store(Access::new(address, width), value), Type::Void);
    }

    /// A place of a buffer that is aligned for `width`: constant, or computed.
    fn buffer_place(&mut self, width: Width) -> Address {
        let slot = self.random.pick(&self.buffers.clone());
        let n_places = 16 / width.bytes() as usize;
        if self.random.below(4) > 0 {
            let offset = self.random.below(n_places) as i32 * width.bytes() as i32;
            return self.address(slot, offset);
        }
        let index = self.value(Type::I64, 1);
        let mask = self.body.constant(Type::I64, n_places as i64 - 1);
        let index = self.push(Op::Binary(BinaryOp::And, index, mask), Type::I64);
        let scale = self.body.constant(Type::I64, width.bytes().into());
        let offset = self.push(Op::Binary(BinaryOp::Mul, index, scale), Type::I64);
        let base = self.body.slot_addr(slot, 0);
        Address::new(self.push(Op::PtrAdd(base, offset), Type::Ptr), 0)
    }

    fn global_place(&mut self, width: Width, global: usize) -> Address {
        let offset = self.random.below(32 / width.bytes() as usize) as i32 * width.bytes() as i32;
        let base = self.body.leaf(Op::GlobalAddr(GlobalId::new(global), 0), Type::Ptr);
        Address::new(base, offset)
    }

    /// An `i32` or `i64`.
    fn value(&mut self, ty: Type, depth: u32) -> Value {
        if depth == 0 {
            return match self.random.below(3) {
                0 => self.number(ty),
                _ => self.read(ty),
            };
        }
        match self.random.below(12) {
            0 => self.number(ty),
            1 | 2 => self.read(ty),
            3 if ty == Type::I64 => {
                let inner = self.value(Type::I32, depth - 1);
                self.push(Op::Zext(inner), ty)
            }
            3 => {
                let inner = self.value(Type::I64, depth - 1);
                self.push(Op::Trunc(inner), ty)
            }
            4 => {
                let width = self.random.pick(&Width::ALL[..if ty == Type::I64 { 3 } else { 2 }]);
                let from = if width == Width::W32 { Type::I32 } else { ty };
                let inner = self.value(from, depth - 1);
                self.push(Op::Sext(inner, width), ty)
            }
            5 if ty == Type::I32 => {
                let from = self.random.pick(&[Type::I32, Type::I64]);
                let (a, b) = (self.value(from, depth - 1), self.value(from, depth - 1));
                let cond = self.random.pick(Cond::ALL);
                self.push(Op::Compare(cond, a, b), ty)
            }
            6 => {
                let width = self.random.pick(&[Width::W16, Width::W32]);
                let inner = self.value(ty, depth - 1);
                self.push(Op::Bswap(inner, width), ty)
            }
            7 => {
                let value = self.value(ty, depth - 1);
                let bits = self.random.below(ty.bits() as usize) as i64;
                let count = self.body.constant(ty, bits);
                let shl = self.push(Op::Binary(BinaryOp::Shl, value, count), ty);
                let op = self.random.pick(&[BinaryOp::LShr, BinaryOp::AShr]);
                self.push(Op::Binary(op, shl, count), ty)
            }
            _ => {
                let (a, b) = (self.value(ty, depth - 1), self.value(ty, depth - 1));
                let op = self.random.pick(BinaryOp::ALL);
                self.push(Op::Binary(op, a, b), ty)
            }
        }
    }

    /// The content of some object.
    fn read(&mut self, ty: Type) -> Value {
        let address;
        let mut width = self.random.pick(&Width::ALL);
        if ty == Type::I32 {
            width = width.min(Width::W32);
        }
        match self.random.below(6) {
            0 => address = self.buffer_place(width),
            1 => {
                let global = self.random.below(2);
                address = self.global_place(width, global);
            }
            _ => {
                let (slot, known) = self.random.pick(&self.vars.clone());
                if known == Width::W64 && ty == Type::I32 {
                    let address = self.address(slot, 0);
                    let wide = self.push(Op::Load(Access::new(address, known)), Type::I64);
                    return self.push(Op::Trunc(wide), Type::I32);
                }
                width = known;
                address = self.address(slot, 0);
            }
        }
        self.push(Op::Load(Access::new(address, width)), ty)
    }

    fn stmts(&mut self, n: usize) {
        for _ in 0..n {
            self.stmt();
        }
    }

    fn stmt(&mut self) {
        match self.random.below(14) {
            0..=3 => self.assign(),
            4 => {
                let width = self.random.pick(&Width::ALL);
                let place = self.buffer_place(width);
                let value = self.value(Type::I64, 2);
                self.push(Op::Store(Access::new(place, width), value), Type::Void);
            }
            5 => {
                let width = self.random.pick(&Width::ALL);
                let place = self.global_place(width, 0);
                let value = self.value(Type::I64, 2);
                let mut access = Access::new(place, width);
                access.is_volatile = self.random.below(4) == 0;
                self.push(Op::Store(access, value), Type::Void);
            }
            6 => self.copy(),
            7 => self.call(),
            8 => self.atomic(),
            9 if self.depth < 3 => self.counted_loop(),
            10 if !self.exits.is_empty() => {
                let exit = self.random.pick(&self.exits.clone());
                let next = self.body.blocks.push(Block::default());
                self.branch(exit, next);
                self.block = next;
            }
            _ if self.depth < 4 => self.if_else(),
            _ => self.assign(),
        }
    }

    fn assign(&mut self) {
        let (slot, width) = self.random.pick(&self.vars.clone());
        let ty =
            if width == Width::W64 { Type::I64 } else { self.random.pick(&[Type::I32, Type::I64]) };
        let value = self.value(ty, 3);
        self.store(slot, 0, width, value);
    }

    fn copy(&mut self) {
        let (dst, src) =
            (self.random.pick(&self.buffers.clone()), self.random.pick(&self.buffers.clone()));
        let n_bytes = self.random.pick(&[4, 8, 16, 12]);
        let (dst, mut src) = (self.address(dst, 0), self.address(src, 0));
        if self.random.below(3) == 0 {
            let global = self.random.below(2);
            src = self.global_place(Width::W64, global);
            src.offset = src.offset.min(16);
        }
        self.push(Op::MemCopy { dst, src, n_bytes, align: 4 }, Type::Void);
    }

    fn call(&mut self) {
        let n_funcs = self.module.funcs.len();
        let buffer = self.random.pick(&self.buffers.clone());
        let pointer = self.body.slot_addr(buffer, 0);
        let number = self.value(Type::I64, 2);
        let args = ArgList::new(&[number, pointer]).unwrap();
        let callee = match self.func + 1 < n_funcs && self.random.below(3) > 0 {
            true => Callee::Func(FuncId::new(
                self.func + 1 + self.random.below(n_funcs - self.func - 1),
            )),
            // Two that only read, and two of which nothing is known.
            false => Callee::Helper(self.random.pick(&[1, 3, 1000, 1001])),
        };
        let ty = self.random.pick(&[Type::I64, Type::I32]);
        let result = self.push(Op::Call(callee, args), ty);
        let (slot, width) = self.random.pick(&self.vars.clone());
        if width.bits() <= ty.bits() {
            self.store(slot, 0, width, result);
        }
    }

    fn atomic(&mut self) {
        let width = self.random.pick(&[Width::W32, Width::W64]);
        let ty = if width == Width::W64 { Type::I64 } else { Type::I32 };
        let place = match self.random.below(2) {
            0 => self.global_place(width, 0),
            _ => self.buffer_place(width),
        };
        let value = self.value(ty, 1);
        let op = self.random.pick(AtomicOp::ALL);
        let expected = (op == AtomicOp::CompareExchange).then(|| self.value(ty, 1));
        let access = Access::new(place, width);
        let old = self.push(Op::Atomic { op, access, value, expected }, ty);
        if self.random.below(2) == 0 {
            let place = self.global_place(width, 0);
            self.push(Op::Store(Access::new(place, width), old), Type::Void);
        }
    }

    fn branch(&mut self, then: BlockId, otherwise: BlockId) {
        let ty = self.random.pick(&[Type::I32, Type::I64]);
        let (lhs, rhs) = (self.value(ty, 2), self.value(ty, 1));
        let cond = self.random.pick(Cond::ALL);
        let (then, otherwise) = (Target::new(then), Target::new(otherwise));
        self.body.blocks[self.block].term = Term::Branch { cond, lhs, rhs, then, otherwise };
    }

    fn if_else(&mut self) {
        self.depth += 1;
        let yes = self.body.blocks.push(Block::default());
        let no = self.body.blocks.push(Block::default());
        let join = self.body.blocks.push(Block::default());
        self.branch(yes, no);
        for block in [yes, no] {
            self.block = block;
            let n = self.random.below(3);
            self.stmts(n);
            self.body.blocks[self.block].term = Term::Jump(Target::new(join));
        }
        self.block = join;
        self.depth -= 1;
    }

    /// A loop that runs a known number of times, or less.
    fn counted_loop(&mut self) {
        self.depth += 1;
        let counter = self.slot(4);
        let n_turns = self.random.below(6) as i64;
        let [zero, limit, one] = [0, n_turns, 1].map(|n| self.body.constant(Type::I32, n));
        self.store(counter, 0, Width::W32, zero);
        let header = self.body.blocks.push(Block::default());
        let inside = self.body.blocks.push(Block::default());
        let exit = self.body.blocks.push(Block::default());
        self.body.blocks[header].unroll =
            self.random.pick(&[Unroll::Default, Unroll::Full, Unroll::Count(2)]);
        self.body.blocks[self.block].term = Term::Jump(Target::new(header));
        self.block = header;
        let address = self.address(counter, 0);
        let lhs = self.push(Op::Load(Access::new(address, Width::W32)), Type::I32);
        let (then, otherwise) = (Target::new(inside), Target::new(exit));
        let cond = self.random.pick(&[Cond::SLt, Cond::ULt, Cond::Ne]);
        self.body.blocks[self.block].term = Term::Branch { cond, lhs, rhs: limit, then, otherwise };
        self.block = inside;
        self.exits.push(exit);
        let n = self.random.below(3);
        self.stmts(n);
        self.exits.pop();
        let address = self.address(counter, 0);
        let old = self.push(Op::Load(Access::new(address, Width::W32)), Type::I32);
        let new = self.push(Op::Binary(BinaryOp::Add, old, one), Type::I32);
        self.store(counter, 0, Width::W32, new);
        self.body.blocks[self.block].term = Term::Jump(Target::new(header));
        self.block = exit;
        self.depth -= 1;
    }
}
