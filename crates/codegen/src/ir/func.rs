//! Functions, blocks and terminators, and how to build them.

use super::{Address, Cond, CoreId, Inst, Linkage, Op, SlotId, Type, Value};
use bpfc_base::{Idx, IndexVec, Span, index_type};
use bpfc_isa::Endian;
pub use bpfc_typeck::hir::{CoreKind, CoreQuery, Inline, Unroll};
use rustc_hash::FxHashMap;

index_type! {
    /// A basic block.
    pub struct BlockId, "block"
}

/// A function.
#[derive(Clone, Debug)]
pub struct Func {
    /// Its name.
    pub name: String,
    /// Its section, for a program's entry.
    pub section: Option<String>,
    /// Who sees it.
    pub linkage: Linkage,
    /// What was asked about inlining it.
    pub inline: Inline,
    /// A function of the kernel, called by name.
    pub is_kfunc: bool,
    /// Assembly that receives the arguments and returns by itself.
    pub is_naked: bool,
    /// Types of the parameters, `i64` or `ptr`, the same as the entry block's.
    pub params: Vec<Type>,
    /// Type of what it returns: `i64`, `ptr` or `void`. A *call's* result may be `i32` for
    /// `i64`: the lower half.
    pub ret: Type,
    /// Its name in the source.
    pub span: Span,
    /// The code; `None` for declarations and for functions that were inlined everywhere.
    pub body: Option<Body>,
}

/// A function's code.
#[derive(Clone, Debug)]
pub struct Body {
    /// Instructions, block parameters and leaves.
    pub values: IndexVec<Value, Inst>,
    /// Blocks; those that nothing reaches stay in the table, empty.
    pub blocks: IndexVec<BlockId, Block>,
    /// Where the function starts; nothing jumps there.
    pub entry: BlockId,
    /// Pieces of the stack frame.
    pub slots: IndexVec<SlotId, Slot>,
    /// Questions to the kernel's BTF.
    pub cores: IndexVec<CoreId, Core>,
    /// The byte order of memory.
    pub endian: Endian,
    leaves: FxHashMap<(Op, Type), Value>,
}

/// A question to the kernel's BTF, and the local answer.
#[derive(Clone, Debug)]
pub struct Core {
    /// The question.
    pub query: CoreQuery,
    /// What the types of the source answer: the code is correct with it on a kernel that
    /// has the same types.
    pub local: i64,
}

/// A piece of the stack frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// In bytes.
    pub size: u32,
    /// In bytes, a power of two.
    pub align: u32,
    /// The variable's name.
    pub name: Option<String>,
}

/// A basic block.
#[derive(Clone, Debug)]
pub struct Block {
    /// Values that the predecessors pass.
    pub params: Vec<Value>,
    /// Executed in order.
    pub insts: Vec<Value>,
    /// How the block ends.
    pub term: Term,
    /// The source that the terminator stands for.
    pub term_span: Span,
    /// For the header of a loop: what was asked about unrolling it.
    pub unroll: Unroll,
}

/// How a block ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// Never reached; what a block under construction has.
    Unreachable,
    /// Goes on elsewhere.
    Jump(Target),
    /// Goes to one of two blocks.
    Branch {
        /// How to compare; the operands' type says how wide.
        cond: Cond,
        /// Left operand.
        lhs: Value,
        /// Right operand.
        rhs: Value,
        /// Where to go if it holds.
        then: Target,
        /// Where to go if not.
        otherwise: Target,
    },
    /// Returns; with a value unless the function is `void`.
    Return(Option<Value>),
}

/// A block and the values for its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where to.
    pub block: BlockId,
    /// One for each parameter.
    pub args: Vec<Value>,
}

impl Target {
    /// A block without parameters.
    pub fn new(block: BlockId) -> Self {
        Self { block, args: Vec::new() }
    }
}

impl Default for Block {
    fn default() -> Self {
        Self {
            params: Vec::new(),
            insts: Vec::new(),
            term: Term::Unreachable,
            term_span: Span::NONE,
            unroll: Unroll::default(),
        }
    }
}

impl Term {
    /// Where it goes; `then` first.
    pub fn targets(&self) -> impl DoubleEndedIterator<Item = &Target> {
        let (first, second) = match self {
            Term::Unreachable | Term::Return(_) => (None, None),
            Term::Jump(target) => (Some(target), None),
            Term::Branch { then, otherwise, .. } => (Some(then), Some(otherwise)),
        };
        first.into_iter().chain(second)
    }

    /// Where it goes; `then` first.
    pub fn targets_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Target> {
        let (first, second) = match self {
            Term::Unreachable | Term::Return(_) => (None, None),
            Term::Jump(target) => (Some(target), None),
            Term::Branch { then, otherwise, .. } => (Some(then), Some(otherwise)),
        };
        first.into_iter().chain(second)
    }

    /// Calls `visit` with every operand, arguments for block parameters included.
    pub fn for_each_operand(&self, mut visit: impl FnMut(Value)) {
        match self {
            Term::Branch { lhs, rhs, .. } => {
                visit(*lhs);
                visit(*rhs);
            }
            Term::Return(Some(value)) => visit(*value),
            Term::Unreachable | Term::Jump(_) | Term::Return(None) => {}
        }
        for target in self.targets() {
            target.args.iter().copied().for_each(&mut visit);
        }
    }

    /// Calls `visit` with every operand, arguments for block parameters included.
    pub fn for_each_operand_mut(&mut self, mut visit: impl FnMut(&mut Value)) {
        match self {
            Term::Branch { lhs, rhs, .. } => {
                visit(lhs);
                visit(rhs);
            }
            Term::Return(Some(value)) => visit(value),
            Term::Unreachable | Term::Jump(_) | Term::Return(None) => {}
        }
        for target in self.targets_mut() {
            target.args.iter_mut().for_each(&mut visit);
        }
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::new()
    }
}

impl Body {
    /// A body of one empty block.
    pub fn new() -> Self {
        let mut blocks = IndexVec::new();
        let entry = blocks.push(Block::default());
        Self {
            values: IndexVec::new(),
            blocks,
            entry,
            slots: IndexVec::new(),
            cores: IndexVec::new(),
            endian: Endian::Little,
            leaves: FxHashMap::default(),
        }
    }

    /// Where in a number of `total` bytes, as a shift, the `n` bytes are that are `start` bytes
    /// behind its begin in memory.
    pub fn shift_of_bytes(&self, start: u32, n: u32, total: u32) -> u32 {
        8 * match self.endian {
            Endian::Little => start,
            Endian::Big => total - start - n,
        }
    }

    /// The number that at most 8 bytes of memory are, zero-extended.
    pub fn number_of_bytes(&self, bytes: &[u8]) -> i64 {
        let append = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        let number = match self.endian {
            Endian::Little => bytes.iter().rev().fold(0, append),
            Endian::Big => bytes.iter().fold(0, append),
        };
        number as i64
    }

    /// The leaf `op` of type `ty`, new or old.
    pub fn leaf(&mut self, op: Op, ty: Type) -> Value {
        debug_assert!(op.is_leaf());
        let values = &mut self.values;
        *self
            .leaves
            .entry((op, ty))
            .or_insert_with(|| values.push(Inst { op, ty, span: Span::NONE }))
    }

    /// The constant `n` of type `ty`.
    pub fn constant(&mut self, ty: Type, n: i64) -> Value {
        self.leaf(Op::Const(ty.wrap(n)), ty)
    }

    /// The address of a slot.
    pub fn slot_addr(&mut self, slot: SlotId, offset: i32) -> Value {
        self.leaf(Op::SlotAddr(slot, offset), Type::Ptr)
    }

    /// A new instruction that is in no block yet.
    pub fn new_inst(&mut self, op: Op, ty: Type, span: Span) -> Value {
        debug_assert!(!op.is_leaf());
        self.values.push(Inst { op, ty, span })
    }

    /// A new instruction at the end of `block`.
    pub fn push(&mut self, block: BlockId, op: Op, ty: Type, span: Span) -> Value {
        let value = self.new_inst(op, ty, span);
        self.blocks[block].insts.push(value);
        value
    }

    /// A new parameter of `block`.
    pub fn push_param(&mut self, block: BlockId, ty: Type, span: Span) -> Value {
        let value = self.new_inst(Op::Param, ty, span);
        self.blocks[block].params.push(value);
        value
    }

    /// The type of `value`.
    pub fn ty(&self, value: Value) -> Type {
        self.values[value].ty
    }

    /// What `value` does.
    pub fn op(&self, value: Value) -> Op {
        self.values[value].op
    }

    /// The constant that `value` is.
    pub fn as_const(&self, value: Value) -> Option<i64> {
        match self.values[value].op {
            Op::Const(n) => Some(n),
            _ => None,
        }
    }

    /// The slot and offset that an address is, if its base is a slot's address.
    pub fn as_slot(&self, address: Address) -> Option<(SlotId, i64)> {
        match self.values[address.base].op {
            Op::SlotAddr(slot, offset) if address.core.is_none() => {
                Some((slot, i64::from(offset) + i64::from(address.offset)))
            }
            _ => None,
        }
    }

    /// Where control goes from `block`; `then` first.
    pub fn successors(&self, block: BlockId) -> impl DoubleEndedIterator<Item = BlockId> {
        self.blocks[block].term.targets().map(|target| target.block)
    }

    /// Reachable blocks in reverse postorder, the entry first: every block comes after its
    /// dominators. `then` comes before `otherwise`, and the inside of a loop before what
    /// follows it where the branch allows it.
    pub fn reverse_postorder(&self) -> Vec<BlockId> {
        let mut seen = vec![false; self.blocks.len()];
        let mut order = Vec::with_capacity(self.blocks.len());
        let mut stack = vec![(self.entry, 0)];
        seen[self.entry.index()] = true;
        while let Some((block, n_done)) = stack.last_mut() {
            // `otherwise` first, so that `then` ends up in front of it.
            match self.successors(*block).rev().nth(*n_done) {
                Some(next) => {
                    *n_done += 1;
                    if !std::mem::replace(&mut seen[next.index()], true) {
                        stack.push((next, 0));
                    }
                }
                None => {
                    order.push(*block);
                    stack.pop();
                }
            }
        }
        order.reverse();
        order
    }

    /// Replaces every operand by what `replacement` gives for it.
    pub fn map_operands(&mut self, mut replacement: impl FnMut(Value) -> Value) {
        for inst in self.values.iter_mut() {
            inst.op.for_each_operand_mut(|value| *value = replacement(*value));
        }
        for block in self.blocks.iter_mut() {
            block.term.for_each_operand_mut(|value| *value = replacement(*value));
        }
    }
}
