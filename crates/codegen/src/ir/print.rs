//! The text form. Spans are left out.
//!
//! ```text
//! global0: map "hits" size 32
//! func fn0 "count" section "xdp" (ptr) -> i64 {
//!   slot0: size 8 align 8 "key"
//! block0(v0: ptr):
//!   store.u64 [slot0], 7
//!   v3: ptr = call helper 1(global0, slot0)
//!   br eq v3, 0ptr, block2(0), block1
//! block1:
//!   v6: i64 = load.u64 [v3+8]
//!   jump block2(v6)
//! block2(v7: i64):
//!   return v7
//! }
//! ```

use super::*;
use std::fmt::{self, Display, Formatter, Write};

impl Display for Module {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (id, global) in self.globals.iter_enumerated() {
            writeln!(f, "{id}: {global}")?;
        }
        for (id, func) in self.funcs.iter_enumerated() {
            write_func(f, id, func)?;
        }
        Ok(())
    }
}

impl Display for Global {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            GlobalKind::Data => "data",
            GlobalKind::Constant => "constant",
            GlobalKind::Map => "map",
            GlobalKind::Extern => "extern",
        };
        let Self { name, size, align, .. } = self;
        write!(f, "{kind} {name:?} size {size} align {align}")?;
        match &self.init {
            GlobalInit::None => {}
            GlobalInit::Zero => f.write_str(" zero")?,
            GlobalInit::Data { bytes, relocs } => {
                f.write_str(" hex ")?;
                if bytes.is_empty() {
                    f.write_str("\"\"")?;
                }
                for byte in bytes {
                    write!(f, "{byte:02x}")?;
                }
                for reloc in relocs {
                    write!(f, " at {} ", reloc.offset)?;
                    match reloc.target {
                        InitTarget::Global(id) => write!(f, "{id}")?,
                        InitTarget::Func(id) => write!(f, "{id}")?,
                    }
                    write!(f, "{:+}", reloc.addend)?;
                }
            }
        }
        Ok(())
    }
}

fn write_func(f: &mut Formatter<'_>, id: FuncId, func: &Func) -> fmt::Result {
    write!(f, "func {id} {:?}", func.name)?;
    if let Some(section) = &func.section {
        write!(f, " section {section:?}")?;
    }
    match func.linkage {
        Linkage::Global => {}
        Linkage::Static => f.write_str(" static")?,
        Linkage::Weak => f.write_str(" weak")?,
        Linkage::Extern => f.write_str(" extern")?,
        Linkage::ExternWeak => f.write_str(" externweak")?,
    }
    match func.inline {
        Inline::Default => {}
        Inline::Hint => f.write_str(" inline")?,
        Inline::Always => f.write_str(" always_inline")?,
        Inline::Never => f.write_str(" noinline")?,
    }
    if func.is_kfunc {
        f.write_str(" kfunc")?;
    }
    f.write_str(" (")?;
    write_list(f, func.params.iter())?;
    write!(f, ") -> {}", func.ret)?;
    match &func.body {
        None => writeln!(f),
        Some(body) => write!(f, " {{\n{body}}}\n"),
    }
}

impl Display for Body {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (id, Slot { size, align, name }) in self.slots.iter_enumerated() {
            write!(f, "  {id}: size {size} align {align}")?;
            match name {
                Some(name) => writeln!(f, " {name:?}")?,
                None => writeln!(f)?,
            }
        }
        for (id, Core { query, local }) in self.cores.iter_enumerated() {
            write!(f, "  {id}: {:?} {}", query.kind, query.ty)?;
            for step in &query.path {
                write!(f, ":{step}")?;
            }
            writeln!(f, " = {local}")?;
        }
        for id in self.reverse_postorder() {
            self.write_block(f, id)?;
        }
        Ok(())
    }
}

impl Body {
    fn write_block(&self, f: &mut Formatter<'_>, id: BlockId) -> fmt::Result {
        let block = &self.blocks[id];
        write!(f, "{id}")?;
        if !block.params.is_empty() {
            f.write_str("(")?;
            let typed = |&value: &Value| format!("{value}: {}", self.ty(value));
            write_list(f, block.params.iter().map(typed))?;
            f.write_str(")")?;
        }
        match block.unroll {
            Unroll::Default => f.write_str(":\n")?,
            unroll => writeln!(f, ": ; {unroll:?}")?,
        }
        for &value in &block.insts {
            writeln!(f, "  {}", self.show_inst(value))?;
        }
        writeln!(f, "  {}", self.show_term(&block.term))
    }

    /// An instruction as a line of the text form.
    pub fn show_inst(&self, value: Value) -> String {
        let inst = &self.values[value];
        let mut out = String::new();
        if inst.ty != Type::Void {
            out = format!("{value}: {} = ", inst.ty);
        }
        self.write_op(&mut out, &inst.op).expect("writing to a string does not fail");
        out
    }

    fn write_op(&self, f: &mut String, op: &Op) -> fmt::Result {
        let show = |value: &Value| self.show(*value);
        match op {
            Op::Const(_)
            | Op::Undef
            | Op::SlotAddr(..)
            | Op::GlobalAddr(..)
            | Op::FuncAddr(_)
            | Op::Core(_)
            | Op::Param => f.write_str("param"),
            Op::Binary(op, a, b) => write!(f, "{op} {}, {}", show(a), show(b)),
            Op::Compare(cond, a, b) => write!(f, "cmp {cond} {}, {}", show(a), show(b)),
            Op::Zext(a) => write!(f, "zext {}", show(a)),
            Op::Sext(a, width) => write!(f, "sext.{width} {}", show(a)),
            Op::Trunc(a) => write!(f, "trunc {}", show(a)),
            Op::PtrAdd(a, b) => write!(f, "ptradd {}, {}", show(a), show(b)),
            Op::PtrToInt(a) => write!(f, "ptrtoint {}", show(a)),
            Op::IntToPtr(a) => write!(f, "inttoptr {}", show(a)),
            Op::Bswap(a, width) => write!(f, "bswap.{width} {}", show(a)),
            Op::IsConstant(a) => write!(f, "is_constant {}", show(a)),
            Op::Opaque(a) => write!(f, "opaque {}", show(a)),
            Op::Load(access) => write!(f, "load{}", self.show_access(access)),
            Op::Store(access, value) => {
                write!(f, "store{}, {}", self.show_access(access), show(value))
            }
            Op::MemCopy { dst, src, n_bytes, align } => {
                let (dst, src) = (self.show_address(dst), self.show_address(src));
                write!(f, "memcopy {dst}, {src}, {n_bytes} align {align}")
            }
            Op::MemSet { dst, byte, n_bytes, align } => {
                let (dst, byte) = (self.show_address(dst), show(byte));
                write!(f, "memset {dst}, {byte}, {n_bytes} align {align}")
            }
            Op::Atomic { op, access, value, expected } => {
                write!(f, "atomic {op}{}", self.show_access(access))?;
                if let Some(expected) = expected {
                    write!(f, ", {}", show(expected))?;
                }
                write!(f, ", {}", show(value))
            }
            Op::Call(callee, args) => {
                match callee {
                    Callee::Func(id) => write!(f, "call {id}(")?,
                    Callee::Helper(n) => write!(f, "call helper {n}(")?,
                    Callee::Indirect => write!(f, "call indirect(")?,
                    Callee::Memory(op) => write!(f, "call {}(", op.name())?,
                }
                let args: Vec<String> = args.as_slice().iter().map(show).collect();
                write!(f, "{})", args.join(", "))
            }
            Op::LoadPacket(ctx, offset, width) => {
                write!(f, "loadpacket.{width} {}, {}", show(ctx), show(offset))
            }
            Op::Barrier => f.write_str("barrier"),
            Op::Asm(id, args) => {
                let args: Vec<String> = args.as_slice().iter().map(show).collect();
                write!(f, "asm {id}({})", args.join(", "))
            }
            Op::AsmResult(asm, idx) => write!(f, "asmresult {}, {idx}", show(asm)),
        }
    }

    /// A terminator as a line of the text form.
    pub fn show_term(&self, term: &Term) -> String {
        match term {
            Term::Unreachable => "unreachable".into(),
            Term::Jump(target) => format!("jump {}", self.show_target(target)),
            Term::Branch { cond, lhs, rhs, then, otherwise } => {
                let (lhs, rhs) = (self.show(*lhs), self.show(*rhs));
                let (then, otherwise) = (self.show_target(then), self.show_target(otherwise));
                format!("br {cond} {lhs}, {rhs}, {then}, {otherwise}")
            }
            Term::Return(None) => "return".into(),
            Term::Return(Some(value)) => format!("return {}", self.show(*value)),
        }
    }

    /// A value as an operand: leaves in full.
    pub fn show(&self, value: Value) -> String {
        let inst = &self.values[value];
        let plus = |offset: i32| match offset {
            0 => String::new(),
            n => format!("{n:+}"),
        };
        match inst.op {
            Op::Const(n) if inst.ty == Type::I64 => n.to_string(),
            Op::Const(n) => format!("{n}{}", inst.ty),
            Op::Undef => format!("undef.{}", inst.ty),
            Op::SlotAddr(slot, offset) => format!("{slot}{}", plus(offset)),
            Op::GlobalAddr(global, offset) => format!("{global}{}", plus(offset)),
            Op::FuncAddr(func) => func.to_string(),
            Op::Core(core) => core.to_string(),
            _ => value.to_string(),
        }
    }

    fn show_target(&self, target: &Target) -> String {
        if target.args.is_empty() {
            return target.block.to_string();
        }
        let args: Vec<String> = target.args.iter().map(|&arg| self.show(arg)).collect();
        format!("{}({})", target.block, args.join(", "))
    }

    fn show_address(&self, address: &Address) -> String {
        let mut out = format!("[{}", self.show(address.base));
        match (address.core, address.offset) {
            (Some(core), _) => out += &format!(" + {core}"),
            (None, 0) => {}
            (None, n) if n < 0 => out += &format!(" - {}", n.unsigned_abs()),
            (None, n) => out += &format!(" + {n}"),
        }
        out + "]"
    }

    fn show_access(&self, access: &Access) -> String {
        let mut out = format!(".{}", access.width);
        if access.is_volatile {
            out += ".volatile";
        }
        if access.is_ordered {
            out += ".ordered";
        }
        if access.align != access.width.bytes() {
            out += &format!(".align{}", access.align);
        }
        out + " " + &self.show_address(&access.address)
    }
}

fn write_list(f: &mut Formatter<'_>, items: impl Iterator<Item = impl Display>) -> fmt::Result {
    for (idx, item) in items.enumerate() {
        if idx > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}
