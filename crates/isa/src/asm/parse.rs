//! The tokens of one line to an instruction: recursive descent, one method per construct.

use super::AsmError;
use super::lex::{Kind, Token};
use super::operand::View;
use crate::{AluOp, AtomicOp, Callee, Insn, JmpOp, Size, Src, Width};

/// An instruction, in which what a name stands for is still open.
pub struct Statement<'a> {
    pub insn: Insn,
    /// The name; until it is resolved, the instruction is one that could refer to a label, with the
    /// distance 0.
    pub reference: Option<Reference<'a>>,
}

/// A use of a name.
pub struct Reference<'a> {
    pub name: &'a str,
    pub column: u32,
    /// What is added to the address.
    pub addend: u32,
}

/// Parses one instruction from `tokens`, which end with [`Kind::End`]. If `is_lenient`, immediates
/// may be the unsigned form of negative ones.
pub fn statement<'a>(
    line: u32,
    tokens: &[Token<'a>],
    is_lenient: bool,
) -> Result<Statement<'a>, AsmError> {
    let mut parser = Parser { line, all: tokens, tokens, reference: None, is_lenient };
    let insn = parser.insn()?;
    if !parser.peek().is_end() {
        return Err(parser.expected("end of line"));
    }
    Ok(Statement { insn, reference: parser.reference })
}

pub struct Parser<'t, 'a> {
    pub line: u32,
    /// All tokens of the line.
    pub all: &'t [Token<'a>],
    /// The tokens not read yet; never empty, as the last one is never consumed.
    pub tokens: &'t [Token<'a>],
    pub reference: Option<Reference<'a>>,
    /// Immediates may be the unsigned form of negative ones.
    pub is_lenient: bool,
}

pub type Parsed<T> = Result<T, AsmError>;

/// Instructions.
impl Parser<'_, '_> {
    fn insn(&mut self) -> Parsed<Insn> {
        match self.peek().text {
            "exit" => {
                self.bump();
                Ok(Insn::Exit)
            }
            "goto" => {
                self.bump();
                Ok(Insn::Jump { off: self.near_target()? })
            }
            "gotol" => {
                self.bump();
                Ok(Insn::JumpLong { off: self.far_target()? })
            }
            "may_goto" => {
                self.bump();
                Ok(Insn::MayGoto { off: self.near_target()? })
            }
            "if" => self.jump_if(),
            "call" => self.call(),
            "lock" => self.lock(),
            "store_release" => self.store_release(),
            "*" => self.store(),
            _ => match self.eat_register() {
                Some(dst) => self.assignment(dst),
                None => Err(self.expected("an instruction")),
            },
        }
    }

    /// `if r1 == 5 goto target`
    fn jump_if(&mut self) -> Parsed<Insn> {
        self.bump();
        let View { width, reg: dst, .. } = self.register()?;
        let op = self.operator(&JmpOp::ALL, JmpOp::symbol, "a comparison")?;
        let src = self.operand(width)?;
        self.expect("goto")?;
        Ok(Insn::JumpIf { width, op, dst, src, off: self.near_target()? })
    }

    /// `call 1`, `call pc+5`, `call kfunc#12`, `call kfunc#12:1`, `call name`
    fn call(&mut self) -> Parsed<Insn> {
        self.bump();
        let after = self.peek_second().text;
        let callee = match self.peek() {
            Token { text: "kfunc", .. } if after == "#" => {
                self.bump();
                self.bump();
                let id = self.u32()?;
                let off = if self.eat(":") { self.i16()? } else { 0 };
                Callee::Kfunc { id, off }
            }
            Token { kind: Kind::Word, .. } => Callee::Local { off: self.far_target()? },
            _ => Callee::Helper(self.immediate(Width::W32)? as u32),
        };
        Ok(Insn::Call(callee))
    }

    /// `lock *(u64 *)(r1 + 8) += r2`
    fn lock(&mut self) -> Parsed<Insn> {
        self.bump();
        self.expect("*")?;
        let width = self.atomic_type()?;
        let (base, off) = self.address()?;
        let plain = &AtomicOp::ALL[..4];
        let op = self.operator(plain, AtomicOp::symbol, "`+=`, `|=`, `&=` or `^=`")?;
        let src = self.register_part(width.size())?;
        Ok(Insn::Atomic { op, width, base, off, src })
    }

    /// `store_release((u64 *)(r1 + 8), r2)`
    fn store_release(&mut self) -> Parsed<Insn> {
        self.bump();
        self.expect("(")?;
        let size = self.size()?;
        let (base, off) = self.address()?;
        self.expect(",")?;
        let src = self.register_part(size)?;
        self.expect(")")?;
        Ok(Insn::StoreRelease { size, base, off, src })
    }

    /// `*(u64 *)(r1 + 8) = r2`, `*(u64 *)(r1 + 8) = 5`
    fn store(&mut self) -> Parsed<Insn> {
        self.bump();
        let size = self.size()?;
        let (base, off) = self.address()?;
        self.expect("=")?;
        let src = if self.peek().is_word() {
            Src::Reg(self.register_part(size)?)
        } else {
            let width = if size == Size::DW { Width::W64 } else { Width::W32 };
            Src::Imm(self.immediate(width)?)
        };
        Ok(Insn::Store { size, base, off, src })
    }

    /// What starts with a register.
    fn assignment(&mut self, dst: View) -> Parsed<Insn> {
        let op = self.operator(&AluOp::ALL, AluOp::symbol, "an assignment operator")?;
        if op == AluOp::Mov {
            return self.value(dst);
        }
        let View { width, reg: dst, .. } = dst;
        Ok(Insn::Alu { width, op, dst, src: self.operand(width)? })
    }
}
