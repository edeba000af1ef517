//! Reads the text form. It is for tests: the first mistake ends it. Values are numbered
//! anew, since leaves have numbers too; everything else keeps its number.

use super::*;
use bpfc_base::{Idx, IndexVec, Span};
use rustc_hash::FxHashMap;

/// Where the text is no IR, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: expected {expected} at `{rest}`")]
pub struct ParseError {
    /// Counted from 1.
    pub line: usize,
    /// What was expected.
    pub expected: &'static str,
    /// What was there instead.
    pub rest: String,
}

/// Reads a module.
pub fn parse(text: &str) -> Result<Module, ParseError> {
    let mut module = Module::default();
    let mut lines = Lines::new(text);
    while let Some(mut line) = lines.next() {
        if let Some(id) = line.id("global") {
            let id: GlobalId = id;
            line.check(id == module.globals.next_id(), "the next global")?;
            line.token(":")?;
            module.globals.push(parse_global(&mut line)?);
        } else {
            line.token("func")?;
            let id: Option<FuncId> = line.id("fn");
            line.check(id == Some(module.funcs.next_id()), "the next function")?;
            let mut func = parse_signature(&mut line)?;
            if line.accept("{") {
                func.body = Some(parse_body(&mut lines)?);
            }
            module.funcs.push(func);
        }
    }
    Ok(module)
}

struct Lines<'a> {
    lines: std::iter::Enumerate<std::str::Lines<'a>>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self { lines: text.lines().enumerate() }
    }

    fn next(&mut self) -> Option<Line<'a>> {
        for (idx, text) in self.lines.by_ref() {
            let rest = text.split(';').next().unwrap_or("").trim();
            if !rest.is_empty() {
                return Some(Line { number: idx + 1, rest });
            }
        }
        None
    }
}

struct Line<'a> {
    number: usize,
    rest: &'a str,
}

impl<'a> Line<'a> {
    fn error(&self, expected: &'static str) -> ParseError {
        ParseError { line: self.number, expected, rest: self.rest.to_owned() }
    }

    fn check(&self, holds: bool, expected: &'static str) -> Result<(), ParseError> {
        if holds { Ok(()) } else { Err(self.error(expected)) }
    }

    /// Skips `token`, if it is next; words must end where it ends.
    fn accept(&mut self, token: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(token) else {
            return false;
        };
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if token.ends_with(is_word) && rest.starts_with(is_word) {
            return false;
        }
        self.rest = rest.trim_start();
        true
    }

    fn token(&mut self, token: &'static str) -> Result<(), ParseError> {
        let holds = self.accept(token);
        self.check(holds, token)
    }

    fn word(&mut self) -> &'a str {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        word
    }

    /// A number behind a prefix.
    fn id<I: Idx>(&mut self, prefix: &str) -> Option<I> {
        let mut ahead = Line { ..*self };
        let number = ahead.word().strip_prefix(prefix)?.parse().ok()?;
        *self = ahead;
        (number < 1 << 24).then(|| I::new(number))
    }

    fn int(&mut self) -> Result<i64, ParseError> {
        let error = self.error("a number");
        let sign = match (self.accept("-"), self.accept("+")) {
            (true, _) => "-",
            _ => "",
        };
        let digits = self.rest.find(|c: char| !c.is_ascii_digit());
        let (digits, rest) = self.rest.split_at(digits.unwrap_or(self.rest.len()));
        self.rest = rest.trim_start();
        format!("{sign}{digits}").parse().map_err(|_| error)
    }

    fn number<T: TryFrom<i64>>(&mut self) -> Result<T, ParseError> {
        let n = self.int()?;
        T::try_from(n).map_err(|_| self.error("a smaller number"))
    }

    fn string(&mut self) -> Result<String, ParseError> {
        self.token("\"")?;
        let (text, rest) = self.rest.split_once('"').ok_or(self.error("a string"))?;
        self.rest = rest.trim_start();
        Ok(text.to_owned())
    }

    fn ty(&mut self) -> Result<Type, ParseError> {
        let all = [Type::Void, Type::I32, Type::I64, Type::Ptr];
        let ty = all.into_iter().find(|ty| self.accept(&ty.to_string()));
        ty.ok_or(self.error("a type"))
    }

    fn width(&mut self) -> Result<Width, ParseError> {
        let width = Width::ALL.into_iter().find(|width| self.accept(&width.to_string()));
        width.ok_or(self.error("a width"))
    }
}

fn parse_global(line: &mut Line<'_>) -> Result<Global, ParseError> {
    let kind = match line.word() {
        "data" => GlobalKind::Data,
        "constant" => GlobalKind::Constant,
        "map" => GlobalKind::Map,
        "extern" => GlobalKind::Extern,
        _ => return Err(line.error("a kind of global")),
    };
    let name = line.string()?;
    line.token("size")?;
    let size = line.number()?;
    line.token("align")?;
    let align = line.number()?;
    let mut init = GlobalInit::None;
    if line.accept("zero") {
        init = GlobalInit::Zero;
    } else if line.accept("hex") {
        line.accept("\"\"");
        let digits = line.word();
        let byte = |idx: usize| u8::from_str_radix(digits.get(idx..idx + 2)?, 16).ok();
        let bytes: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(byte).collect();
        let bytes = bytes.ok_or(line.error("hex digits"))?;
        let mut relocs = Vec::new();
        while line.accept("at") {
            let offset = line.number()?;
            let target = match (line.id("global"), line.id("fn")) {
                (Some(id), _) => InitTarget::Global(id),
                (_, Some(id)) => InitTarget::Func(id),
                _ => return Err(line.error("a global or function")),
            };
            let addend = line.int()?;
            relocs.push(InitReloc { offset, target, addend });
        }
        init = GlobalInit::Data { bytes, relocs };
    }
    let span = Span::NONE;
    Ok(Global { name, kind, size, align, init, span })
}

fn parse_signature(line: &mut Line<'_>) -> Result<Func, ParseError> {
    let mut func = Func {
        name: line.string()?,
        section: None,
        linkage: Linkage::Global,
        inline: Inline::Default,
        is_kfunc: false,
        is_naked: false,
        params: Vec::new(),
        ret: Type::Void,
        span: Span::NONE,
        body: None,
    };
    while !line.accept("(") {
        match line.word() {
            "section" => func.section = Some(line.string()?),
            "static" => func.linkage = Linkage::Static,
            "weak" => func.linkage = Linkage::Weak,
            "extern" => func.linkage = Linkage::Extern,
            "externweak" => func.linkage = Linkage::ExternWeak,
            "inline" => func.inline = Inline::Hint,
            "always_inline" => func.inline = Inline::Always,
            "noinline" => func.inline = Inline::Never,
            "kfunc" => func.is_kfunc = true,
            _ => return Err(line.error("an attribute")),
        }
    }
    while !line.accept(")") {
        func.params.push(line.ty()?);
        line.accept(",");
    }
    line.token("->")?;
    func.ret = line.ty()?;
    Ok(func)
}

struct Reader {
    body: Body,
    /// By number in the text.
    values: FxHashMap<u32, Value>,
    block: BlockId,
}

fn parse_body(lines: &mut Lines<'_>) -> Result<Body, ParseError> {
    let mut reader =
        Reader { body: Body::new(), values: FxHashMap::default(), block: BlockId::new(0) };
    reader.body.blocks = IndexVec::new();
    let mut entry = None;
    loop {
        let Some(mut line) = lines.next() else {
            return Err(Line { number: 0, rest: "" }.error("`}`"));
        };
        if line.accept("}") {
            break;
        }
        if let Some(id) = line.id::<SlotId>("slot") {
            line.check(id == reader.body.slots.next_id(), "the next slot")?;
            reader.parse_slot(&mut line)?;
        } else if let Some(id) = line.id::<BlockId>("block") {
            reader.start_block(id);
            entry.get_or_insert(id);
            reader.parse_params(&mut line)?;
        } else {
            line.check(entry.is_some(), "a block")?;
            reader.parse_line(&mut line)?;
        }
        line.check(line.rest.is_empty(), "the end of the line")?;
    }
    reader.body.entry = entry.ok_or(Line { number: 0, rest: "}" }.error("a block"))?;
    Ok(reader.body)
}

impl Reader {
    fn need_block(&mut self, id: BlockId) {
        let n = self.body.blocks.len().max(id.index() + 1);
        self.body.blocks.resize_with(n, Block::default);
    }

    fn start_block(&mut self, id: BlockId) {
        self.need_block(id);
        self.block = id;
    }

    fn parse_slot(&mut self, line: &mut Line<'_>) -> Result<(), ParseError> {
        line.token(":")?;
        line.token("size")?;
        let size = line.number()?;
        line.token("align")?;
        let align = line.number()?;
        let name = match line.rest.is_empty() {
            true => None,
            false => Some(line.string()?),
        };
        self.body.slots.push(Slot { size, align, name });
        Ok(())
    }

    /// The value of a number, which may be defined further down.
    fn value(&mut self, number: u32) -> Value {
        let body = &mut self.body;
        let new = || body.new_inst(Op::Param, Type::Void, Span::NONE);
        *self.values.entry(number).or_insert_with(new)
    }

    fn parse_params(&mut self, line: &mut Line<'_>) -> Result<(), ParseError> {
        if line.accept("(") {
            while !line.accept(")") {
                let param = self.defined(line)?;
                line.token(":")?;
                self.body.values[param].ty = line.ty()?;
                self.body.blocks[self.block].params.push(param);
                line.accept(",");
            }
        }
        line.token(":")
    }

    fn defined(&mut self, line: &mut Line<'_>) -> Result<Value, ParseError> {
        let id: Value = line.id("v").ok_or(line.error("a value"))?;
        Ok(self.value(id.index() as u32))
    }

    fn parse_line(&mut self, line: &mut Line<'_>) -> Result<(), ParseError> {
        if let Some(term) = self.parse_term(line)? {
            self.body.blocks[self.block].term = term;
            return Ok(());
        }
        let mut ahead = Line { ..*line };
        let value = match self.defined(&mut ahead) {
            Ok(value) => {
                ahead.token(":")?;
                let ty = ahead.ty()?;
                ahead.token("=")?;
                *line = ahead;
                self.body.values[value].ty = ty;
                value
            }
            Err(_) => self.body.new_inst(Op::Param, Type::Void, Span::NONE),
        };
        self.body.values[value].op = self.parse_op(line)?;
        self.body.blocks[self.block].insts.push(value);
        Ok(())
    }

    fn parse_term(&mut self, line: &mut Line<'_>) -> Result<Option<Term>, ParseError> {
        Ok(Some(if line.accept("unreachable") {
            Term::Unreachable
        } else if line.accept("jump") {
            Term::Jump(self.target(line)?)
        } else if line.accept("return") {
            match line.rest.is_empty() {
                true => Term::Return(None),
                false => Term::Return(Some(self.operand(line)?)),
            }
        } else if line.accept("br") {
            let cond = Cond::from_name(line.word()).ok_or(line.error("a condition"))?;
            let lhs = self.operand(line)?;
            line.token(",")?;
            let rhs = self.operand(line)?;
            line.token(",")?;
            let then = self.target(line)?;
            line.token(",")?;
            let otherwise = self.target(line)?;
            Term::Branch { cond, lhs, rhs, then, otherwise }
        } else {
            return Ok(None);
        }))
    }

    fn target(&mut self, line: &mut Line<'_>) -> Result<Target, ParseError> {
        let block = line.id("block").ok_or(line.error("a block"))?;
        self.need_block(block);
        let mut args = Vec::new();
        if line.accept("(") {
            args = self.list(line)?;
        }
        Ok(Target { block, args })
    }

    /// Operands up to `)`.
    fn list(&mut self, line: &mut Line<'_>) -> Result<Vec<Value>, ParseError> {
        let mut values = Vec::new();
        while !line.accept(")") {
            values.push(self.operand(line)?);
            line.accept(",");
        }
        Ok(values)
    }

    fn offset(line: &mut Line<'_>) -> Result<i32, ParseError> {
        match line.rest.starts_with(['+', '-']) {
            true => line.number(),
            false => Ok(0),
        }
    }

    fn operand(&mut self, line: &mut Line<'_>) -> Result<Value, ParseError> {
        if let Some(id) = line.id::<Value>("v") {
            return Ok(self.value(id.index() as u32));
        }
        if let Some(slot) = line.id("slot") {
            let offset = Self::offset(line)?;
            return Ok(self.body.slot_addr(slot, offset));
        }
        if let Some(global) = line.id("global") {
            let offset = Self::offset(line)?;
            return Ok(self.body.leaf(Op::GlobalAddr(global, offset), Type::Ptr));
        }
        if let Some(func) = line.id("fn") {
            return Ok(self.body.leaf(Op::FuncAddr(func), Type::Ptr));
        }
        if line.accept("undef") {
            line.token(".")?;
            let ty = line.ty()?;
            return Ok(self.body.leaf(Op::Undef, ty));
        }
        let n = line.int()?;
        let ty = if line.rest.starts_with(['i', 'p']) { line.ty()? } else { Type::I64 };
        Ok(self.body.constant(ty, n))
    }

    fn two(&mut self, line: &mut Line<'_>) -> Result<(Value, Value), ParseError> {
        let a = self.operand(line)?;
        line.token(",")?;
        Ok((a, self.operand(line)?))
    }

    fn address(&mut self, line: &mut Line<'_>) -> Result<Address, ParseError> {
        line.token("[")?;
        // A leaf's own offset is written without a space: `[slot0+4 + 8]`.
        let base = self.operand(line)?;
        let offset = match line.accept("+") {
            true => line.number()?,
            false if line.accept("-") => -line.number::<i32>()?,
            false => 0,
        };
        line.token("]")?;
        Ok(match self.body.op(base) {
            // Reading joins both offsets; so does everybody who computes with addresses.
            Op::SlotAddr(slot, n) => Address::new(self.body.slot_addr(slot, 0), n + offset),
            Op::GlobalAddr(global, n) => {
                let base = self.body.leaf(Op::GlobalAddr(global, 0), Type::Ptr);
                Address::new(base, n + offset)
            }
            _ => Address::new(base, offset),
        })
    }

    fn access(&mut self, line: &mut Line<'_>) -> Result<Access, ParseError> {
        line.token(".")?;
        let width = line.width()?;
        let mut access = Access::new(Address::new(Value::new(0), 0), width);
        while line.accept(".") {
            let mut ahead = Line { ..*line };
            if line.accept("volatile") {
                access.is_volatile = true;
            } else if line.accept("ordered") {
                access.is_ordered = true;
            } else {
                let n = ahead.word().strip_prefix("align").and_then(|n| n.parse().ok());
                access.align = n.ok_or(line.error("`volatile`, `ordered` or `align`"))?;
                *line = ahead;
            }
        }
        access.address = self.address(line)?;
        Ok(access)
    }

    fn parse_op(&mut self, line: &mut Line<'_>) -> Result<Op, ParseError> {
        let name = line.word();
        if let Some(op) = BinaryOp::from_name(name) {
            let (a, b) = self.two(line)?;
            return Ok(Op::Binary(op, a, b));
        }
        let error = line.error("an instruction");
        Ok(match name {
            "cmp" => {
                let cond = Cond::from_name(line.word()).ok_or(line.error("a condition"))?;
                let (a, b) = self.two(line)?;
                Op::Compare(cond, a, b)
            }
            "zext" => Op::Zext(self.operand(line)?),
            "trunc" => Op::Trunc(self.operand(line)?),
            "ptrtoint" => Op::PtrToInt(self.operand(line)?),
            "inttoptr" => Op::IntToPtr(self.operand(line)?),
            "is_constant" => Op::IsConstant(self.operand(line)?),
            "opaque" => Op::Opaque(self.operand(line)?),
            "barrier" => Op::Barrier,
            "ptradd" => {
                let (a, b) = self.two(line)?;
                Op::PtrAdd(a, b)
            }
            "sext" | "bswap" | "loadpacket" => {
                line.token(".")?;
                let width = line.width()?;
                let a = self.operand(line)?;
                match name {
                    "sext" => Op::Sext(a, width),
                    "bswap" => Op::Bswap(a, width),
                    _ => {
                        line.token(",")?;
                        Op::LoadPacket(a, self.operand(line)?, width)
                    }
                }
            }
            "load" => Op::Load(self.access(line)?),
            "store" => {
                let access = self.access(line)?;
                line.token(",")?;
                Op::Store(access, self.operand(line)?)
            }
            "memcopy" | "memset" => self.parse_memory(line, name)?,
            "atomic" => {
                let op = AtomicOp::from_name(line.word()).ok_or(error)?;
                let access = self.access(line)?;
                line.token(",")?;
                let mut value = self.operand(line)?;
                let mut expected = None;
                if line.accept(",") {
                    expected = Some(value);
                    value = self.operand(line)?;
                }
                Op::Atomic { op, access, value, expected }
            }
            "call" => {
                let callee = if line.accept("helper") {
                    Callee::Helper(line.number()?)
                } else if line.accept("indirect") {
                    Callee::Indirect
                } else if let Some(op) =
                    [MemoryOp::Copy, MemoryOp::Move, MemoryOp::Set, MemoryOp::Compare]
                        .into_iter()
                        .find(|op| line.accept(op.name()))
                {
                    Callee::Memory(op)
                } else {
                    Callee::Func(line.id("fn").ok_or(error)?)
                };
                line.token("(")?;
                let args = self.list(line)?;
                Op::Call(callee, ArgList::new(&args).ok_or(line.error("fewer arguments"))?)
            }
            _ => return Err(error),
        })
    }

    fn parse_memory(&mut self, line: &mut Line<'_>, name: &str) -> Result<Op, ParseError> {
        let dst = self.address(line)?;
        line.token(",")?;
        let (mut src, mut byte) = (dst, dst.base);
        match name {
            "memcopy" => src = self.address(line)?,
            _ => byte = self.operand(line)?,
        }
        line.token(",")?;
        let n_bytes = line.number()?;
        line.token("align")?;
        let align = line.number()?;
        Ok(match name {
            "memcopy" => Op::MemCopy { dst, src, n_bytes, align },
            _ => Op::MemSet { dst, byte, n_bytes, align },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printing_and_parsing_are_inverse() {
        let text = include_str!("all.bir");
        let once = parse(text).unwrap();
        assert_eq!(validate::validate(&once), []);
        let printed = once.to_string();
        let twice = parse(&printed).unwrap();
        assert_eq!(renumbered(&twice), renumbered(&once));
    }

    /// Values are numbered by first mention, so numbering twice is a fixed point.
    fn renumbered(module: &Module) -> String {
        parse(&module.to_string()).unwrap().to_string()
    }
}
