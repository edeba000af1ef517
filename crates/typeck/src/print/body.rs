//! Bodies of functions.

use super::{Printer, bytes_text};
use crate::hir::{
    Asm, AsmClobbers, AsmOperand, AsmValue, AtomicOp, BinaryOp, Body, Builtin, Callee, CompareOp,
    ExprId, ExprKind, Init, InitValue, LabelId, LocalId, PlaceId, PlaceKind, StmtId, StmtKind,
    Unroll,
};
use bpfc_base::Interner;
use std::fmt::Write;

/// The name of a local: that of the source; with its number where that is not enough.
pub(super) fn local_name(body: &Body, id: LocalId, names: &Interner) -> String {
    let Some(name) = body.locals[id].name else {
        return format!("{id}");
    };
    let is_shared =
        body.locals.iter_enumerated().any(|(other, local)| other != id && local.name == Some(name));
    let name = names.resolve(name);
    if is_shared { format!("{name}.{id}") } else { name.to_owned() }
}

impl Printer<'_> {
    pub(super) fn body(&mut self, body: &Body) {
        for &stmt in &body.root {
            self.stmt(body, stmt, 1);
        }
    }

    fn stmt(&mut self, body: &Body, id: StmtId, depth: usize) {
        match &body.stmts[id].kind {
            StmtKind::Expr(expr) => {
                let text = self.expr(body, *expr);
                self.line(depth, &format!("{text};"));
            }
            StmtKind::Declare(local) => {
                let declared = self.local_decl(body, *local);
                self.line(depth, &format!("{declared};"));
            }
            StmtKind::Init(local, init) => {
                let declared = self.local_decl(body, *local);
                let init = self.init(body, init);
                self.line(depth, &format!("{declared} = {init};"));
            }
            StmtKind::Block(stmts) => {
                self.line(depth, "{");
                for &stmt in stmts {
                    self.stmt(body, stmt, depth + 1);
                }
                self.line(depth, "}");
            }
            StmtKind::If { cond, then, otherwise } => {
                let cond = self.expr(body, *cond);
                self.line(depth, &format!("if ({cond})"));
                self.stmt(body, *then, depth + 1);
                if let Some(otherwise) = otherwise {
                    self.line(depth, "else");
                    self.stmt(body, *otherwise, depth + 1);
                }
            }
            StmtKind::Loop { init, cond, step, body: inner, is_condition_first, unroll } => {
                if let Some(init) = init {
                    self.stmt(body, *init, depth);
                }
                let cond = cond.map_or("1".to_owned(), |cond| self.expr(body, cond));
                let step = step.map_or(String::new(), |step| self.expr(body, step));
                let word = if *is_condition_first { "for" } else { "do" };
                let unroll = match unroll {
                    Unroll::Default => String::new(),
                    Unroll::Full => " unroll".to_owned(),
                    Unroll::Count(n) => format!(" unroll({n})"),
                    Unroll::Disable => " nounroll".to_owned(),
                };
                self.line(depth, &format!("{word}{unroll} (; {cond}; {step})"));
                self.stmt(body, *inner, depth + 1);
            }
            StmtKind::Switch { value, cases, default, body: inner } => {
                let value = self.expr(body, *value);
                let mut text = format!("switch ({value})");
                for case in cases {
                    let label = self.label(body, case.label);
                    let _ = match case.low == case.high {
                        true => write!(text, " {}: {label},", case.low),
                        false => write!(text, " {} ... {}: {label},", case.low, case.high),
                    };
                }
                if let Some(default) = default {
                    let _ = write!(text, " default: {}", self.label(body, *default));
                }
                self.line(depth, &text);
                self.stmt(body, *inner, depth + 1);
            }
            StmtKind::Label(label) => {
                let label = self.label(body, *label);
                self.line(depth.saturating_sub(1), &format!("{label}:"));
            }
            StmtKind::Goto(label) => {
                let label = self.label(body, *label);
                self.line(depth, &format!("goto {label};"));
            }
            StmtKind::Break => self.line(depth, "break;"),
            StmtKind::Continue => self.line(depth, "continue;"),
            StmtKind::Return(None) => self.line(depth, "return;"),
            StmtKind::Return(Some(value)) => {
                let value = self.expr(body, *value);
                self.line(depth, &format!("return {value};"));
            }
            StmtKind::Asm(asm) => {
                let text = self.asm(body, asm);
                self.line(depth, &text);
            }
        }
    }

    fn asm(&self, body: &Body, asm: &Asm) -> String {
        let operand = |operand: &AsmOperand| {
            let (sign, content) = match operand.value {
                AsmValue::Output(place) if operand.constraint.is_read => {
                    ("+", self.place(body, place))
                }
                AsmValue::Output(place) => ("=", self.place(body, place)),
                AsmValue::Object(place) => ("", self.place(body, place)),
                AsmValue::Value(value) => ("", self.expr(body, value)),
            };
            let it = &operand.constraint;
            let mut kinds = String::new();
            for (is_set, letter) in [
                (it.is_early, '&'),
                (it.register && !it.is_half && it.tied.is_none(), 'r'),
                (it.is_half, 'w'),
                (it.memory, 'm'),
                (it.immediate, 'i'),
            ] {
                kinds.extend(is_set.then_some(letter));
            }
            kinds += &it.tied.map_or(String::new(), |tied| tied.to_string());
            format!("\"{sign}{kinds}\"({content})")
        };
        let operands = asm.operands.iter().map(operand).collect::<Vec<_>>().join(", ");
        let labels = asm.labels.iter().map(|(_, label)| format!(" : {label}")).collect::<String>();
        let AsmClobbers { registers, memory } = asm.clobbers;
        let memory = if memory { ", memory" } else { "" };
        format!("asm({:?} : {operands} : {registers:#x}{memory}{labels});", asm.template)
    }

    fn local_decl(&self, body: &Body, local: LocalId) -> String {
        self.declared(body.locals[local].ty, &local_name(body, local, self.names))
    }

    fn label(&self, body: &Body, label: LabelId) -> String {
        match body.labels[label] {
            Some(name) => self.names.resolve(name).to_owned(),
            None => format!("{label}"),
        }
    }

    fn init(&self, body: &Body, init: &Init) -> String {
        let mut parts: Vec<String> = Vec::new();
        for item in &init.items {
            let value = match &item.value {
                InitValue::Expr(value) => self.expr(body, *value),
                InitValue::Bytes(bytes) => bytes_text(bytes),
            };
            let at = match item.bits {
                Some(bits) => format!("bits {}+{bits}: ", item.offset_bits),
                None if init.items.len() == 1 && !init.zero_rest => String::new(),
                None => format!("{}: ", item.offset_bits / 8),
            };
            parts.push(format!("{at}{value}"));
        }
        match (init.zero_rest, &parts[..]) {
            (false, [only]) => only.clone(),
            (true, _) => {
                parts.push("rest: 0".to_owned());
                format!("{{ {} }}", parts.join(", "))
            }
            (false, _) => format!("{{ {} }}", parts.join(", ")),
        }
    }

    fn exprs(&self, body: &Body, exprs: &[ExprId]) -> String {
        let all: Vec<String> = exprs.iter().map(|&expr| self.expr(body, expr)).collect();
        all.join(", ")
    }

    fn expr(&self, body: &Body, id: ExprId) -> String {
        let node = &body.exprs[id];
        let of = |id: &ExprId| self.expr(body, *id);
        let at = |id: &PlaceId| self.place(body, *id);
        match &node.kind {
            ExprKind::Error => "<error>".to_owned(),
            ExprKind::Int(value) => match self.module.types.pointee(node.ty) {
                Some(_) => format!("({}){value:#x}", self.shown(node.ty)),
                None => format!("{value}{}", self.suffix(node.ty)),
            },
            ExprKind::Load(place) => at(place),
            ExprKind::AddrOf(place) => format!("&{}", at(place)),
            ExprKind::FuncAddr(func) => {
                format!("&{}", self.names.resolve(self.module.funcs[*func].name))
            }
            ExprKind::Cast(inner) => format!("({}){}", self.shown(node.ty), of(inner)),
            ExprKind::Neg(inner) => format!("-{}", of(inner)),
            ExprKind::BitNot(inner) => format!("~{}", of(inner)),
            ExprKind::Not(inner) => format!("!{}", of(inner)),
            ExprKind::Binary(op, a, b) => format!("({} {} {})", of(a), spell(*op), of(b)),
            ExprKind::Compare(op, a, b) => format!("({} {} {})", of(a), spell_compare(*op), of(b)),
            ExprKind::PtrAdd { ptr, index, scale } => {
                format!("({} + {} * {scale}b)", of(ptr), of(index))
            }
            ExprKind::PtrDiff { left, right, scale } => {
                format!("(({} - {}) / {scale}b)", of(left), of(right))
            }
            ExprKind::LogAnd(a, b) => format!("({} && {})", of(a), of(b)),
            ExprKind::LogOr(a, b) => format!("({} || {})", of(a), of(b)),
            ExprKind::Conditional { cond, then, otherwise } => {
                format!("({} ? {} : {})", of(cond), of(then), of(otherwise))
            }
            ExprKind::Assign { place, value } => format!("{} = {}", at(place), of(value)),
            ExprKind::AssignOp { place, op, value, compute } => {
                let compute = self.shown(*compute);
                format!("{} {}= {} in {compute}", at(place), spell(*op), of(value))
            }
            ExprKind::AssignPtrAdd { place, index, scale } => {
                format!("{} += {} * {scale}b", at(place), of(index))
            }
            ExprKind::IncDec { place, delta, is_postfix } => match is_postfix {
                true => format!("({} then += {delta})", at(place)),
                false => format!("({} += {delta})", at(place)),
            },
            ExprKind::Call { callee, args } => {
                format!("{}({})", self.callee(body, *callee), self.exprs(body, args))
            }
            ExprKind::Builtin(builtin, args) => {
                format!("{}({})", builtin_name(*builtin), self.exprs(body, args))
            }
            ExprKind::Atomic { op, ptr, operands, is_value_after } => {
                let after = if *is_value_after { "_after" } else { "" };
                let mut args = vec![*ptr];
                args.extend(operands);
                format!("atomic_{}{after}({})", atomic_name(*op), self.exprs(body, &args))
            }
            ExprKind::Comma(a, b) => format!("({}, {})", of(a), of(b)),
            ExprKind::StmtExpr { stmts, value } => {
                let mut inner =
                    Printer { module: self.module, names: self.names, out: String::new() };
                for &stmt in stmts {
                    inner.stmt(body, stmt, 0);
                }
                let stmts = inner.out.trim().replace('\n', " ").replace('\t', "");
                match value {
                    Some(value) => format!("({{ {stmts} {}; }})", of(value)),
                    None => format!("({{ {stmts} }})"),
                }
            }
            ExprKind::Core(query) => {
                let path: Vec<String> = query.path.iter().map(u32::to_string).collect();
                let shown = self.shown(query.ty);
                format!("core({:?}, {shown}, {})", query.kind, path.join(":"))
            }
        }
    }

    fn callee(&self, body: &Body, callee: Callee) -> String {
        match callee {
            Callee::Func(func) => self.names.resolve(self.module.funcs[func].name).to_owned(),
            Callee::Helper(id) => match bpfc_kabi::helper_by_id(id) {
                Some(helper) => helper.name.to_owned(),
                None => format!("helper#{id}"),
            },
            Callee::Pointer(pointer) => format!("(*{})", self.expr(body, pointer)),
        }
    }

    fn suffix(&self, ty: crate::hir::TypeId) -> &'static str {
        use crate::hir::IntKind::*;
        match self.module.types.int_kind(ty) {
            Some(UInt) => "u",
            Some(Long | LongLong) => "l",
            Some(ULong | ULongLong) => "ul",
            _ => "",
        }
    }

    fn place(&self, body: &Body, id: PlaceId) -> String {
        match &body.places[id].kind {
            PlaceKind::Error => "<error>".to_owned(),
            PlaceKind::Local(local) => local_name(body, *local, self.names),
            PlaceKind::Global(global) => {
                self.names.resolve(self.module.globals[*global].name).to_owned()
            }
            PlaceKind::Deref(ptr) => format!("(*{})", self.expr(body, *ptr)),
            PlaceKind::Member { base, member, is_relocatable } => {
                let name = self.member_name(body, *base, *member);
                let dot = if *is_relocatable { ".?" } else { "." };
                format!("{}{dot}{name}", self.place(body, *base))
            }
            PlaceKind::Index { base, index } => {
                format!("{}[{}]", self.place(body, *base), self.expr(body, *index))
            }
            PlaceKind::Temp { local, init } => {
                let init = match &body.stmts[*init].kind {
                    StmtKind::Init(_, init) => self.init(body, init),
                    _ => String::new(),
                };
                format!("({} = {init})", self.local_decl(body, *local))
            }
        }
    }

    fn member_name(&self, body: &Body, base: PlaceId, member: u32) -> String {
        let types = &self.module.types;
        let record = types.record_of(body.places[base].ty.ty);
        let member_node = record
            .and_then(|record| types.records[record].body.as_ref())
            .and_then(|body| body.members.get(member as usize));
        match member_node.and_then(|member| member.name) {
            Some(name) => self.names.resolve(name).to_owned(),
            None => format!("<{member}>"),
        }
    }
}

fn spell(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::Rem => "%",
        BinaryOp::And => "&",
        BinaryOp::Or => "|",
        BinaryOp::Xor => "^",
        BinaryOp::Shl => "<<",
        BinaryOp::Shr => ">>",
    }
}

fn spell_compare(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Eq => "==",
        CompareOp::Ne => "!=",
        CompareOp::Lt => "<",
        CompareOp::Le => "<=",
        CompareOp::Gt => ">",
        CompareOp::Ge => ">=",
    }
}

fn builtin_name(builtin: Builtin) -> &'static str {
    match builtin {
        Builtin::Memcpy => "memcpy",
        Builtin::Memmove => "memmove",
        Builtin::Memset => "memset",
        Builtin::Memcmp => "memcmp",
        Builtin::Bswap => "bswap",
        Builtin::Clz => "clz",
        Builtin::Ctz => "ctz",
        Builtin::Popcount => "popcount",
        Builtin::Ffs => "ffs",
        Builtin::Unreachable => "unreachable",
        Builtin::Trap => "trap",
        Builtin::Expect => "expect",
        Builtin::LoadPacket => "load_packet",
        Builtin::Opaque => "opaque",
        Builtin::IsConstant => "is_constant",
        Builtin::Barrier => "barrier",
    }
}

fn atomic_name(op: AtomicOp) -> &'static str {
    match op {
        AtomicOp::Add => "add",
        AtomicOp::Sub => "sub",
        AtomicOp::And => "and",
        AtomicOp::Or => "or",
        AtomicOp::Xor => "xor",
        AtomicOp::Nand => "nand",
        AtomicOp::Exchange => "exchange",
        AtomicOp::CompareExchange => "compare_exchange",
        AtomicOp::Load => "load",
        AtomicOp::LoadAcquire => "load_acquire",
        AtomicOp::Store => "store",
        AtomicOp::StoreRelease => "store_release",
        AtomicOp::StoreTotal => "store_total",
    }
}
