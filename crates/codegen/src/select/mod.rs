//! Instruction selection: a function in SSA form to a machine function over virtual
//! registers. What the instruction set version lacks is expanded here; stack frame and
//! addresses stay symbolic.
//!
//! - A value has one register. Conversions that cost nothing (`trunc`, `ptrtoint`, `zext`
//!   of what is zero-extended already) give the operand's register a second name, so that a
//!   bounds check and the access it protects share a register.
//! - Leaves are made where they are used, once per block, unless they are immediates.
//! - Block parameters become copies at the ends of predecessors; edges that need copies and
//!   leave a branch get a block of their own.

mod arith;
mod asm;
mod call;
mod control;
mod convention;
mod facts;
mod leaf;
mod memory;
mod narrow;
mod parallel;

use crate::ir::{
    self, BlockId as IrBlock, Body, CoreId, FuncId, GlobalId, Module, Op as IrOp, Value,
};
use crate::mach::{Block, BlockId, Func, Inst, Op, Source, Term, VReg};
use bpfc_base::codes::bpf::E0413;
use bpfc_base::{Code, Diagnostic, Idx, IndexVec, Session, Span};
use bpfc_isa::{AluOp, Cpu, Reg, Width};
pub use convention::Conventions;
use facts::Facts;
use rustc_hash::{FxHashMap, FxHashSet};

/// Selects instructions for a function that has a body.
///
/// Requires: `module` is valid. Ensures: the result is valid for `cpu`. Reports `E0413` for
/// what BPF cannot do.
pub fn select(
    session: &mut Session,
    module: &Module,
    conventions: &Conventions,
    id: FuncId,
    cpu: Cpu,
) -> Func<VReg> {
    let func = &module.funcs[id];
    let empty = Body::new();
    let body = func.body.as_ref().unwrap_or(&empty);
    let order = body.reverse_postorder();
    let facts = Facts::new(body, &order, cpu, conventions);
    let mut ctx = Ctx {
        module,
        func,
        body,
        cpu,
        conventions,
        registers: IndexVec::from_elem(None, body.values.len()),
        starts: IndexVec::from_elem(None, body.blocks.len()),
        out: Func {
            id,
            name: func.name.clone(),
            span: func.span,
            blocks: IndexVec::new(),
            layout: Vec::new(),
            slots: body.slots.clone(),
            n_variables: body.slots.len(),
            cores: body.cores.clone(),
            asms: IndexVec::new(),
            n_vregs: VReg::FIRST,
        },
        block: BlockId::new(0),
        depth: 0,
        span: func.span,
        made: FxHashMap::default(),
        made_globals: FxHashMap::default(),
        facts,
        ir_block: body.entry,
        asm_results: FxHashMap::default(),
        asm_branches: FxHashSet::default(),
        reports: Vec::new(),
    };
    for &block in &order {
        ctx.depth = ctx.facts.depth[block];
        let start = ctx.new_block();
        ctx.starts[block] = Some(start);
    }
    for &block in &order {
        ctx.select_block(block);
    }
    let Ctx { out, reports, .. } = ctx;
    let has_errors = !reports.is_empty();
    reports.into_iter().for_each(|report| session.report(report));
    debug_assert!(
        has_errors || crate::mach::validate(&out, out.n_vregs, cpu).is_empty(),
        "{:#?}\n{out}",
        crate::mach::validate(&out, out.n_vregs, cpu)
    );
    out
}

/// State while one function is selected.
struct Ctx<'a> {
    module: &'a Module,
    func: &'a ir::Func,
    body: &'a Body,
    cpu: Cpu,
    conventions: &'a Conventions,
    facts: Facts,
    /// The register of each value that has one.
    registers: IndexVec<Value, Option<VReg>>,
    /// The machine block where each block starts.
    starts: IndexVec<IrBlock, Option<BlockId>>,
    out: Func<VReg>,
    /// Where instructions go.
    block: BlockId,
    /// Loops around it.
    depth: u32,
    /// What instructions stand for.
    span: Span,
    /// Leaves that are in a register already in this block.
    made: FxHashMap<Value, VReg>,
    /// Globals whose address is in a register already in this block.
    made_globals: FxHashMap<GlobalId, VReg>,
    /// The block under selection.
    ir_block: IrBlock,
    /// Registers of the outputs of inline assembly.
    asm_results: FxHashMap<(Value, u32), VReg>,
    /// Blocks whose branch inline assembly does.
    asm_branches: FxHashSet<IrBlock>,
    reports: Vec<Diagnostic>,
}

impl Ctx<'_> {
    fn select_block(&mut self, id: IrBlock) {
        let body = self.body;
        let block = &body.blocks[id];
        self.ir_block = id;
        self.block = self.start(id);
        self.out.layout.push(self.block);
        self.depth = self.facts.depth[id];
        self.made.clear();
        self.made_globals.clear();
        if id == body.entry {
            self.receive_params(&block.params);
        }
        for &value in &block.insts {
            self.span = body.values[value].span;
            if self.is_needed(value) {
                self.select_inst(value);
            }
        }
        self.span = block.term_span;
        self.out.blocks[self.block].term_span = self.span;
        match self.asm_branches.contains(&id) {
            true => self.select_exit(id, &block.term),
            false => self.select_term(id, &block.term),
        }
    }

    /// False for what nobody uses, and what is part of the instruction that uses it.
    fn is_needed(&self, value: Value) -> bool {
        let is_used = self.facts.n_uses[value] > 0;
        (is_used || !self.body.op(value).is_removable()) && !self.facts.is_folded[value]
    }

    fn select_inst(&mut self, value: Value) {
        let ty = self.body.ty(value);
        match self.body.op(value) {
            IrOp::Binary(op, a, b) => self.select_binary(value, op, a, b),
            IrOp::Compare(cond, a, b) => self.select_compare(value, cond, a, b),
            IrOp::Zext(a) => self.select_zext(value, a),
            IrOp::Sext(a, width) => self.select_sext(value, a, width),
            IrOp::Trunc(a)
                if self.facts.is_pointer(self.body, a)
                    || self.facts.must_be_clean[value] && !self.facts.is_clean[a] =>
            {
                // No 32-bit arithmetic on what the verifier knows to be a pointer.
                let dst = self.define(value);
                self.zero_extend(dst, a);
            }
            IrOp::Trunc(a) | IrOp::PtrToInt(a) | IrOp::IntToPtr(a) => self.rename(value, a),
            IrOp::PtrAdd(a, b) => self.select_ptr_add(value, a, b),
            IrOp::Bswap(a, width) => self.select_bswap(value, a, width),
            IrOp::IsConstant(_) => unreachable!("`decide_constants` has replaced it"),
            IrOp::Opaque(a) => {
                let dst = self.define(value);
                self.put(dst, a);
            }
            IrOp::Load(access) => self.select_load(value, access),
            IrOp::Store(access, stored) => self.select_store(access, stored),
            IrOp::MemCopy { dst, src, n_bytes, align } => {
                self.select_mem_copy(dst, src, n_bytes, align)
            }
            IrOp::MemSet { dst, byte, n_bytes, align } => {
                self.select_mem_set(dst, byte, n_bytes, align)
            }
            IrOp::Atomic { op, access, value: operand, expected } => {
                self.select_atomic(value, op, access, operand, expected)
            }
            IrOp::Call(callee, args) => self.select_call(value, callee, args.as_slice()),
            IrOp::LoadPacket(skb, offset, width) => {
                self.select_load_packet(value, skb, offset, width);
            }
            IrOp::Barrier => {}
            IrOp::Asm(id, args) => self.select_asm(value, id, args),
            IrOp::AsmResult(asm, result) => self.select_asm_result(value, asm, result),
            IrOp::Const(_)
            | IrOp::Undef
            | IrOp::SlotAddr(..)
            | IrOp::GlobalAddr(..)
            | IrOp::FuncAddr(_)
            | IrOp::Core(_)
            | IrOp::Param => unreachable!("{ty} leaf or parameter among the instructions"),
        }
    }

    /// True if `i32` has instructions of its own.
    fn has_alu32(&self) -> bool {
        self.cpu >= Cpu::V3
    }

    fn new_block(&mut self) -> BlockId {
        self.out.blocks.push(Block { depth: self.depth, ..Block::default() })
    }

    /// The machine block where a reachable block starts.
    fn start(&self, block: IrBlock) -> BlockId {
        self.starts[block].expect("only reachable blocks are jumped to")
    }

    /// Ends the current block and goes on in `next`.
    fn go_on(&mut self, term: Term<VReg>, next: BlockId) {
        self.out.blocks[self.block].term = term;
        self.out.blocks[self.block].term_span = self.span;
        self.block = next;
        self.out.layout.push(next);
    }

    fn new_register(&mut self) -> VReg {
        self.out.n_vregs += 1;
        VReg::new(self.out.n_vregs - 1)
    }

    /// The register that `value` gets, of which there is at most one.
    fn define(&mut self, value: Value) -> VReg {
        if let Some(register) = self.registers[value] {
            return register;
        }
        let register = self.new_register();
        self.registers[value] = Some(register);
        register
    }

    /// Gives the register of `old` to `value` too.
    fn rename(&mut self, value: Value, old: Value) {
        let register = self.reg(old);
        debug_assert!(self.registers[value].is_none());
        self.registers[value] = Some(register);
    }

    fn emit(&mut self, op: Op<VReg>) {
        self.emit_core(op, None);
    }

    fn emit_core(&mut self, op: Op<VReg>, core: Option<CoreId>) {
        let span = self.span;
        let insts = &mut self.out.blocks[self.block].insts;
        insts.push(Inst { op, core, span });
    }

    fn emit_alu(&mut self, width: Width, op: AluOp, dst: VReg, src: Source<VReg>) {
        self.emit(Op::Alu { width, op, dst, src });
    }

    /// `dst = dst op imm` on 64 bits.
    fn emit_imm(&mut self, op: AluOp, dst: VReg, imm: i32) {
        self.emit_alu(Width::W64, op, dst, Source::Imm(imm));
    }

    fn emit_copy(&mut self, dst: VReg, src: VReg) {
        if dst != src {
            self.emit(Op::copy(dst, src));
        }
    }

    fn report(&mut self, message: impl Into<String>) {
        self.report_as(E0413, message);
    }

    fn report_as(&mut self, code: Code, message: impl Into<String>) {
        let report = Diagnostic::new(code, self.span, message);
        self.reports.push(report);
    }

    fn machine(reg: Reg) -> VReg {
        VReg::machine(reg)
    }
}
