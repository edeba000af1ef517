//! Bodies of functions.

use super::Writer;
use crate::hir::{
    AtomicOp, BinaryOp, Body, Builtin, Callee, CompareOp, CoreKind, ExprId, ExprKind, GlobalInit,
    GlobalKind, Init, InitValue, IntKind, LabelId, LocalId, PlaceId, PlaceKind, StmtId, StmtKind,
    Type, TypeId,
};
use std::fmt::Write;

impl Writer<'_> {
    /// The statements, a tab deep.
    pub(super) fn body(&mut self, body: &Body) -> String {
        let mut out = String::new();
        for &stmt in &body.root {
            self.stmt(body, stmt, 1, &mut out);
        }
        out
    }

    /// The name of a local: that of the source, with its number where that is not enough.
    pub(super) fn local_name(&self, body: &Body, id: LocalId) -> String {
        let Some(name) = body.locals[id].name else { return format!("{id}") };
        let mut locals = body.locals.iter_enumerated();
        let is_shared = locals.any(|(other, local)| other != id && local.name == Some(name));
        let name = self.names.resolve(name);
        if is_shared { format!("{name}_{id}") } else { name.to_owned() }
    }

    fn label(&self, body: &Body, label: LabelId) -> String {
        match body.labels[label] {
            Some(name) => self.names.resolve(name).to_owned(),
            None => format!("{label}"),
        }
    }

    fn stmt(&mut self, body: &Body, id: StmtId, depth: usize, out: &mut String) {
        let tabs = "\t".repeat(depth);
        let text = match &body.stmts[id].kind {
            StmtKind::Expr(expr) => {
                let text = self.expr(body, *expr);
                let is_assignment = matches!(
                    body.exprs[*expr].kind,
                    ExprKind::Assign { .. }
                        | ExprKind::AssignOp { .. }
                        | ExprKind::AssignPtrAdd { .. }
                );
                let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
                format!("{};", inner.filter(|_| is_assignment).unwrap_or(&text))
            }
            StmtKind::Declare(local) => {
                let name = self.local_name(body, *local);
                format!("{};", self.declared(body.locals[*local].ty, &name))
            }
            StmtKind::Init(local, init) => {
                let (ty, name) = (body.locals[*local].ty, self.local_name(body, *local));
                let declared = self.declared(ty, &name);
                format!("{declared} = {};", self.init(body, ty.ty, init))
            }
            StmtKind::Block(stmts) => {
                let _ = writeln!(out, "{tabs}{{");
                stmts.iter().for_each(|&stmt| self.stmt(body, stmt, depth + 1, out));
                "}".to_owned()
            }
            StmtKind::If { cond, then, otherwise } => {
                let cond = self.expr(body, *cond);
                let _ = writeln!(out, "{tabs}if ({cond}) {{");
                self.inner(body, *then, depth + 1, out);
                if let Some(otherwise) = otherwise {
                    let _ = writeln!(out, "{tabs}}} else {{");
                    self.inner(body, *otherwise, depth + 1, out);
                }
                "}".to_owned()
            }
            StmtKind::Loop { init, cond, step, body: inner, is_condition_first, .. } => {
                let _ = writeln!(out, "{tabs}{{");
                if let Some(init) = init {
                    self.stmt(body, *init, depth + 1, out);
                }
                let cond = cond.map_or("1".to_owned(), |cond| self.expr(body, cond));
                let step = step.map_or(String::new(), |step| self.expr(body, step));
                let (head, tail) = match is_condition_first {
                    true => (format!("for (; {cond}; {step}) {{"), "}".to_owned()),
                    false => ("do {".to_owned(), format!("}} while ({cond});")),
                };
                let _ = writeln!(out, "{tabs}\t{head}");
                self.inner(body, *inner, depth + 2, out);
                let _ = writeln!(out, "{tabs}\t{tail}");
                "}".to_owned()
            }
            StmtKind::Switch { value, cases, default, body: inner } => {
                let value = self.expr(body, *value);
                let _ = writeln!(out, "{tabs}switch ({value}) {{");
                for case in cases {
                    let label = self.label(body, case.label);
                    let _ = match case.low == case.high {
                        true => writeln!(out, "{tabs}case {}: goto {label};", case.low),
                        false => {
                            writeln!(
                                out,
                                "{tabs}case {} ... {}: goto {label};",
                                case.low, case.high
                            )
                        }
                    };
                }
                let target = default.map_or("break".to_owned(), |label| {
                    format!("goto {}", self.label(body, label))
                });
                let _ = writeln!(out, "{tabs}default: {target};");
                self.inner(body, *inner, depth + 1, out);
                "}".to_owned()
            }
            StmtKind::Label(label) => format!("{}:;", self.label(body, *label)),
            StmtKind::Goto(label) => format!("goto {};", self.label(body, *label)),
            StmtKind::Break => "break;".to_owned(),
            StmtKind::Continue => "continue;".to_owned(),
            StmtKind::Return(None) => "return;".to_owned(),
            StmtKind::Return(Some(value)) => format!("return {};", self.expr(body, *value)),
            StmtKind::Asm(_) => self.fail("inline assembly"),
        };
        let _ = writeln!(out, "{tabs}{text}");
    }

    /// A statement between braces.
    fn inner(&mut self, body: &Body, id: StmtId, depth: usize, out: &mut String) {
        match &body.stmts[id].kind {
            StmtKind::Block(stmts) => {
                stmts.iter().for_each(|&stmt| self.stmt(body, stmt, depth, out));
            }
            _ => self.stmt(body, id, depth, out),
        }
    }

    fn init(&mut self, body: &Body, ty: TypeId, init: &Init) -> String {
        let is_aggregate =
            matches!(self.module.types.resolve(ty), Type::Record(_) | Type::Array { .. });
        let mut parts = Vec::new();
        for item in &init.items {
            let (value, size) = match &item.value {
                InitValue::Expr(value) => {
                    let size = self.module.types.size_of(body.exprs[*value].ty).unwrap_or(0);
                    (self.expr(body, *value), size * 8)
                }
                InitValue::Bytes(bytes) => (string(bytes), bytes.len() as u64 * 8),
            };
            let is_only = init.items.len() == 1 && item.offset_bits == 0;
            let is_text = matches!(item.value, InitValue::Bytes(_))
                && matches!(self.module.types.resolve(ty), Type::Array { .. });
            if !is_aggregate || is_only && is_text && self.bits_of(ty) == size {
                return value;
            }
            if let InitValue::Expr(expr) = &item.value
                && init.items.len() == 1
                && self.module.types.record_of(body.exprs[*expr].ty).is_some()
                && self.module.types.canonical(body.exprs[*expr].ty)
                    == self.module.types.canonical(ty)
            {
                return value;
            }
            let width = item.bits.map_or(size, u64::from);
            let path = self.designator(ty, item.offset_bits, width, item.bits.is_some());
            parts.push(format!("{} = {value}", path));
        }
        format!("{{{}}}", parts.join(", "))
    }

    fn bits_of(&self, ty: TypeId) -> u64 {
        self.module.types.size_of(ty).unwrap_or(0) * 8
    }

    /// `.member[2]` that is `offset` bits from the start of `ty`, `width` bits wide.
    fn designator(&mut self, ty: TypeId, offset: u64, width: u64, is_bits: bool) -> String {
        match self.module.types.resolve(ty).clone() {
            Type::Array { elem, .. } => {
                let step = self.bits_of(elem.ty).max(1);
                let rest = self.designator(elem.ty, offset % step, width, is_bits);
                if width > step { String::new() } else { format!("[{}]{rest}", offset / step) }
            }
            Type::Record(record) => {
                let layout = self.module.types.records[record].body.clone().unwrap_or_default();
                if offset == 0 && width == layout.size * 8 && layout.members.len() != 1 {
                    return String::new();
                }
                let found = layout.members.iter().find(|member| {
                    let size = member.bits.map_or(self.bits_of(member.ty.ty), u64::from);
                    member.bits.is_some() == is_bits
                        && member.offset_bits == offset
                        && size == width
                        || member.bits.is_none()
                            && member.offset_bits <= offset
                            && offset + width <= member.offset_bits + size
                });
                let Some(member) = found else { return self.fail("an initialiser") };
                let rest = match member.bits {
                    Some(_) => String::new(),
                    None => {
                        self.designator(member.ty.ty, offset - member.offset_bits, width, is_bits)
                    }
                };
                let name = member.name.map(|name| self.names.resolve(name));
                format!("{}{rest}", name.map_or(String::new(), |name| format!(".{name}")))
            }
            _ => String::new(),
        }
    }

    fn exprs(&mut self, body: &Body, exprs: &[ExprId]) -> String {
        let all: Vec<String> = exprs.iter().map(|&expr| self.expr(body, expr)).collect();
        all.join(", ")
    }

    fn expr(&mut self, body: &Body, id: ExprId) -> String {
        let node = body.exprs[id].clone();
        match &node.kind {
            ExprKind::Error => self.fail("what is wrong"),
            ExprKind::Int(value) => self.int(node.ty, *value),
            ExprKind::Load(place) => self.place(body, *place),
            ExprKind::AddrOf(place) => format!("&{}", self.place(body, *place)),
            ExprKind::FuncAddr(func) => {
                format!("&{}", self.names.resolve(self.module.funcs[*func].name))
            }
            ExprKind::Cast(inner) => {
                let ty = self.plain(node.ty);
                format!("({ty}){}", self.expr(body, *inner))
            }
            ExprKind::Neg(inner) => format!("(-{})", self.expr(body, *inner)),
            ExprKind::BitNot(inner) => format!("(~{})", self.expr(body, *inner)),
            ExprKind::Not(inner) => format!("(!{})", self.expr(body, *inner)),
            ExprKind::Binary(op, a, b) => self.infix(body, *a, spell(*op), *b),
            ExprKind::Compare(op, a, b) => self.infix(body, *a, spell_compare(*op), *b),
            ExprKind::LogAnd(a, b) => self.infix(body, *a, "&&", *b),
            ExprKind::LogOr(a, b) => self.infix(body, *a, "||", *b),
            ExprKind::PtrAdd { ptr, index, .. } => self.infix(body, *ptr, "+", *index),
            ExprKind::PtrDiff { left, right, .. } => self.infix(body, *left, "-", *right),
            ExprKind::Comma(a, b) => self.infix(body, *a, ",", *b),
            ExprKind::Conditional { cond, then, otherwise } => {
                let (cond, then) = (self.expr(body, *cond), self.expr(body, *then));
                format!("({cond} ? {then} : {})", self.expr(body, *otherwise))
            }
            ExprKind::Assign { place, value } => {
                let place = self.place(body, *place);
                format!("({place} = {})", self.expr(body, *value))
            }
            ExprKind::AssignOp { place, op, value, .. } => {
                let place = self.place(body, *place);
                format!("({place} {}= {})", spell(*op), self.expr(body, *value))
            }
            ExprKind::AssignPtrAdd { place, index, .. } => {
                let place = self.place(body, *place);
                format!("({place} += {})", self.expr(body, *index))
            }
            ExprKind::IncDec { place, delta, is_postfix } => {
                let place = self.place(body, *place);
                let sign = if *delta < 0 { "--" } else { "++" };
                if *is_postfix { format!("{place}{sign}") } else { format!("({sign}{place})") }
            }
            ExprKind::Call { callee, args } => {
                let args = self.exprs(body, args);
                format!("{}({args})", self.callee(body, *callee))
            }
            ExprKind::Builtin(builtin, args) => self.builtin(body, *builtin, node.ty, args),
            ExprKind::Atomic { op, ptr, operands, is_value_after } => {
                let mut args = vec![*ptr];
                args.extend(operands);
                let args = self.exprs(body, &args);
                match atomic(*op, *is_value_after) {
                    Some(name) => format!("{name}({args})"),
                    None => self.fail("an atomic operation"),
                }
            }
            ExprKind::StmtExpr { stmts, value } => {
                let mut inner = String::new();
                stmts.iter().for_each(|&stmt| self.stmt(body, stmt, 0, &mut inner));
                let inner = inner.trim().replace('\n', " ").replace('\t', "");
                match value {
                    Some(value) => format!("({{ {inner} {}; }})", self.expr(body, *value)),
                    None => format!("({{ {inner} }})"),
                }
            }
            ExprKind::Core(query) => {
                let (kind, path) = (query.kind as u32, query.path.clone());
                if query.kind as u32 > CoreKind::FieldRshiftU64 as u32 {
                    return self.fail("a question about a type");
                }
                let root = self.plain(query.ty);
                let access = self.access(query.ty, &path);
                format!("__builtin_preserve_field_info((({root} *)0)->{access}, {kind})")
            }
        }
    }

    /// The members of a path, as C names them.
    fn access(&mut self, ty: TypeId, path: &[u32]) -> String {
        let (mut at, mut text) = (ty, String::new());
        for &step in path.iter().skip(1) {
            match self.module.types.resolve(at).clone() {
                Type::Record(record) => {
                    let layout = self.module.types.records[record].body.clone().unwrap_or_default();
                    let Some(member) = layout.members.get(step as usize) else { break };
                    if let Some(name) = member.name {
                        let dot = if text.is_empty() { "" } else { "." };
                        text = format!("{text}{dot}{}", self.names.resolve(name));
                    }
                    at = member.ty.ty;
                }
                Type::Array { elem, .. } => {
                    text = format!("{text}[{step}]");
                    at = elem.ty;
                }
                _ => break,
            }
        }
        text
    }

    /// A value as what is in front of `->`.
    fn operand(&mut self, body: &Body, id: ExprId) -> String {
        let text = self.expr(body, id);
        match body.exprs[id].kind {
            ExprKind::Cast(_) | ExprKind::AddrOf(_) => format!("({text})"),
            _ => text,
        }
    }

    fn infix(&mut self, body: &Body, a: ExprId, op: &str, b: ExprId) -> String {
        let a = self.expr(body, a);
        format!("({a} {op} {})", self.expr(body, b))
    }

    fn int(&mut self, ty: TypeId, value: i128) -> String {
        if self.module.types.pointee(ty).is_some() {
            let ty = self.plain(ty);
            return format!("({ty}){value:#x}");
        }
        let Some(kind) = self.module.types.int_kind(ty) else { return format!("{value}") };
        if kind.bits() == 128 {
            let (high, low) = ((value >> 64) as u64, value as u64);
            let name = self.plain(ty);
            return format!("({name})(((unsigned __int128){high}ULL << 64) | {low}ULL)");
        }
        let suffix = match kind {
            IntKind::UInt => "U",
            IntKind::Long | IntKind::LongLong => "L",
            IntKind::ULong | IntKind::ULongLong => "UL",
            _ => "",
        };
        match value {
            _ if value == i128::from(i64::MIN) => "(-9223372036854775807L - 1)".to_owned(),
            ..0 => format!("({value}{suffix})"),
            _ => format!("{value}{suffix}"),
        }
    }

    fn callee(&mut self, body: &Body, callee: Callee) -> String {
        match callee {
            Callee::Func(func) => self.names.resolve(self.module.funcs[func].name).to_owned(),
            Callee::Helper(id) => match bpfc_kabi::helper_by_id(id) {
                Some(helper) => helper.name.to_owned(),
                None => self.fail("a helper without a name"),
            },
            Callee::Pointer(pointer) => format!("(*{})", self.expr(body, pointer)),
        }
    }

    fn builtin(&mut self, body: &Body, builtin: Builtin, ty: TypeId, args: &[ExprId]) -> String {
        let bits = args.first().map_or(0, |&arg| self.bits_of(body.exprs[arg].ty));
        let long = if bits == 64 { "l" } else { "" };
        let name = match builtin {
            Builtin::Memcpy => "__builtin_memcpy".to_owned(),
            Builtin::Memmove => "__builtin_memmove".to_owned(),
            Builtin::Memset => "__builtin_memset".to_owned(),
            Builtin::Bswap => format!("__builtin_bswap{}", self.bits_of(ty)),
            Builtin::Clz => format!("__builtin_clz{long}"),
            Builtin::Ctz => format!("__builtin_ctz{long}"),
            Builtin::Popcount => format!("__builtin_popcount{long}"),
            Builtin::Unreachable => "__builtin_unreachable".to_owned(),
            Builtin::LoadPacket => {
                let (name, number) = match self.bits_of(ty) {
                    8 => ("byte", u32::MAX),
                    16 => ("half", u32::MAX - 1),
                    _ => ("word", u32::MAX - 2),
                };
                self.helpers.entry(number).or_insert_with(|| {
                    format!(
                        "unsigned long long load_{name}(void *, unsigned long long) \
                         __asm__(\"llvm.bpf.load.{name}\");\n"
                    )
                });
                format!("({})load_{name}", self.plain(ty))
            }
            Builtin::Expect => "__builtin_expect".to_owned(),
            _ => return self.fail("a builtin function"),
        };
        format!("{name}({})", self.exprs(body, args))
    }

    fn place(&mut self, body: &Body, id: PlaceId) -> String {
        match &body.places[id].kind {
            PlaceKind::Error => self.fail("what is wrong"),
            PlaceKind::Local(local) => self.local_name(body, *local),
            PlaceKind::Global(global) => {
                let global = &self.module.globals[*global];
                match (&global.kind, &global.init) {
                    (GlobalKind::StringLiteral, GlobalInit::Data { bytes, .. }) => string(bytes),
                    _ => self.names.resolve(global.name).to_owned(),
                }
            }
            PlaceKind::Deref(ptr) => format!("(*{})", self.expr(body, *ptr)),
            PlaceKind::Member { base, member, .. } => {
                let record = self.module.types.record_of(body.places[*base].ty.ty);
                let layout = record.and_then(|id| self.module.types.records[id].body.as_ref());
                let member = layout.and_then(|layout| layout.members.get(*member as usize));
                let name = member.and_then(|member| member.name);
                let pointer = match body.places[*base].kind {
                    PlaceKind::Deref(ptr) => Some(self.operand(body, ptr)),
                    _ => None,
                };
                let base = self.place(body, *base);
                match name {
                    Some(name) if let Some(pointer) = pointer => {
                        format!("{pointer}->{}", self.names.resolve(name))
                    }
                    Some(name) => format!("{base}.{}", self.names.resolve(name)),
                    // What is in it is named as if it were in the outer one.
                    None => base,
                }
            }
            PlaceKind::Index { base, index } => {
                let base = self.place(body, *base);
                format!("{base}[{}]", self.expr(body, *index))
            }
            PlaceKind::Temp { local, init } => {
                let ty = body.locals[*local].ty;
                let StmtKind::Init(_, init) = &body.stmts[*init].kind else {
                    return self.fail("a temporary object");
                };
                let init = self.init(body, ty.ty, init);
                let ty = self.plain(ty.ty);
                let init = if init.starts_with('{') { init } else { format!("{{{init}}}") };
                format!("({ty}){init}")
            }
        }
    }
}

/// Bytes as a literal.
fn string(bytes: &[u8]) -> String {
    let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let text = &bytes[..end];
    let mut out = "\"".to_owned();
    for &byte in text {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(byte as char);
            }
            b'\n' => out.push_str("\\n"),
            b'\t' => out.push_str("\\t"),
            0x20..0x7f => out.push(byte as char),
            _ => {
                let _ = write!(out, "\\{byte:03o}");
            }
        }
    }
    out.push('"');
    out
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

fn atomic(op: AtomicOp, is_value_after: bool) -> Option<&'static str> {
    Some(match (op, is_value_after) {
        (AtomicOp::Add, false) => "__sync_fetch_and_add",
        (AtomicOp::Sub, false) => "__sync_fetch_and_sub",
        (AtomicOp::And, false) => "__sync_fetch_and_and",
        (AtomicOp::Or, false) => "__sync_fetch_and_or",
        (AtomicOp::Xor, false) => "__sync_fetch_and_xor",
        (AtomicOp::Add, true) => "__sync_add_and_fetch",
        (AtomicOp::Sub, true) => "__sync_sub_and_fetch",
        (AtomicOp::Exchange, _) => "__sync_lock_test_and_set",
        (AtomicOp::CompareExchange, _) => "__sync_val_compare_and_swap",
        _ => return None,
    })
}
