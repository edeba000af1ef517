//! Inline assembly (GNU): operands, constraints and what it overwrites. The text itself is left to
//! the code generator, which knows instructions.

use crate::checker::Checker;
use crate::expr::{Operand, OperandKind};
use crate::hir::{
    self, AsmClobbers, AsmConstraint, AsmOperand, AsmValue, ExprId, ExprKind, PlaceId, PlaceKind,
    StmtId, StmtKind, TextRun,
};
use bpfc_base::codes::bpf::{E0415, E0416};
use bpfc_base::{Diagnostic, Span, Symbol};
use bpfc_parser::{ast, literal};

/// The frame pointer, which nothing can change.
const FRAME_POINTER: u8 = 10;

impl<'a> Checker<'a> {
    /// Inline assembly is passed on; barriers become what they mean.
    pub fn asm_stmt(&mut self, asm: &'a ast::Asm, span: Span, out: &mut Vec<StmtId>) {
        let template = crate::attrs::string_text(&asm.template);
        let clobbers = self.clobbers(asm);
        let is_empty = template.trim().is_empty();
        if is_empty && asm.outputs.is_empty() && asm.inputs.is_empty() && !asm.is_goto {
            if clobbers.memory {
                let void = self.common.void;
                let barrier = ExprKind::Builtin(hir::Builtin::Barrier, Vec::new());
                let value = self.value(barrier, void, span);
                out.push(self.statement(StmtKind::Expr(value), span));
            }
            return;
        }
        let Some(operands) = self.asm_operands(asm) else { return };
        if is_empty && !asm.is_goto && self.opaque(&operands, span, out) {
            return;
        }
        let labels = asm.labels.iter().map(|&(name, at)| (name, self.label_use(name, at)));
        let labels = labels.collect();
        let runs = self.text_runs(asm);
        let is_volatile = asm.is_volatile || asm.is_goto || operands.iter().all(is_input);
        let mentions = self.mentions(&template);
        let is_basic = asm.is_basic;
        let asm = hir::Asm {
            template,
            runs,
            is_volatile,
            is_basic,
            operands,
            clobbers,
            labels,
            mentions,
        };
        out.push(self.statement(StmtKind::Asm(asm), span));
    }

    /// Where the text of assembly stands.
    fn text_runs(&self, asm: &ast::Asm) -> Vec<TextRun> {
        let mut runs = Vec::new();
        let mut start = 0;
        for &(span, spelling) in &asm.pieces {
            let spelling = self.session.names.resolve_shared(spelling);
            let is_here = self.session.sources.text(span) == &*spelling;
            literal_runs(&spelling, span, is_here, &mut start, &mut runs);
        }
        runs
    }

    /// The names in the text of assembly.
    fn mentions(&mut self, template: &str) -> Vec<Symbol> {
        let words = template.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let is_name = |word: &&str| word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        words.filter(is_name).map(|word| self.session.intern(word)).collect()
    }

    fn clobbers(&mut self, asm: &'a ast::Asm) -> AsmClobbers {
        let mut clobbers = AsmClobbers::default();
        for literal in &asm.clobbers {
            let text = crate::attrs::string_text(literal);
            match (&*text, register_number(&text)) {
                ("memory", _) => clobbers.memory = true,
                // BPF has no condition codes.
                ("cc", _) => {}
                (_, Some(number)) if number < FRAME_POINTER => clobbers.registers |= 1 << number,
                (_, Some(_)) => {}
                _ => {
                    let message = format!("`{text}` is no register of BPF");
                    let report = Diagnostic::new(E0415, literal.span, message)
                        .with_note("what assembly overwrites is `r0` to `r9` or `memory`");
                    self.report(report);
                }
            }
        }
        clobbers
    }

    /// Outputs, then inputs; `None` if something is wrong.
    fn asm_operands(&mut self, asm: &'a ast::Asm) -> Option<Vec<AsmOperand>> {
        let names: Vec<Option<Symbol>> =
            asm.outputs.iter().chain(&asm.inputs).map(|operand| operand.name).collect();
        let mut operands = Some(Vec::new());
        let mut keep = |operand: Option<AsmOperand>| match (&mut operands, operand) {
            (Some(operands), Some(operand)) => operands.push(operand),
            _ => operands = None,
        };
        for operand in &asm.outputs {
            keep(self.asm_output(operand));
        }
        for operand in &asm.inputs {
            keep(self.asm_input(operand, &names, asm.outputs.len()));
        }
        let operands = operands?;
        for operand in &operands {
            let Some(tied) = operand.constraint.tied else { continue };
            if operands[tied as usize].constraint.register {
                continue;
            }
            let message = "this operand shares the place of one that is not in a register";
            self.error(E0415, operand.span, message);
            return None;
        }
        Some(operands)
    }

    fn asm_output(&mut self, operand: &'a ast::AsmOperand) -> Option<AsmOperand> {
        let target = self.expr(operand.expr);
        let place = self.modifiable(target, target.span);
        let text = crate::attrs::string_text(&operand.constraint);
        let at = operand.constraint.span;
        if !text.starts_with(['=', '+']) {
            let message = format!("the constraint `{text}` of an output lacks `=`");
            let report = Diagnostic::new(E0415, at, message)
                .with_help("`=` says that it is written, `+` that it is read and written");
            self.report(report);
            return None;
        }
        let mut constraint = self.constraint(&text, at, &[], 0)?;
        if !constraint.register && !constraint.memory {
            let message = format!("the constraint `{text}` names no place for an output");
            self.error(E0415, at, message);
            return None;
        }
        let place = place?;
        constraint.fixed = self.fixed_register(place);
        self.check_operand_type(place, &constraint, target.span)?;
        let value = AsmValue::Output(place);
        Some(AsmOperand { name: operand.name, span: target.span, constraint, value })
    }

    fn asm_input(
        &mut self,
        operand: &'a ast::AsmOperand,
        names: &[Option<Symbol>],
        n_outputs: usize,
    ) -> Option<AsmOperand> {
        let text = crate::attrs::string_text(&operand.constraint);
        let at = operand.constraint.span;
        let constraint = self.constraint(&text, at, names, n_outputs);
        let is_address = constraint.as_ref().is_some_and(|it| !it.register && it.memory);
        let is_constant = constraint.as_ref().is_some_and(|it| it.immediate && !it.register);
        let span = self.unit.exprs[operand.expr].span;
        if is_constant && let Some(value) = self.instruction_literal(operand.expr) {
            let value = AsmValue::Value(value);
            return Some(AsmOperand { name: operand.name, span, constraint: constraint?, value });
        }
        let outer = self.wants_constant;
        self.wants_constant |= is_constant;
        let target = self.expr(operand.expr);
        self.wants_constant = outer;
        if text.contains(['=', '+', '&']) {
            let message = format!("the constraint `{text}` is for outputs, this is an input");
            self.error(E0415, at, message);
            return None;
        }
        let mut constraint = constraint?;
        let value = if is_address {
            AsmValue::Object(self.asm_object(target, &text)?)
        } else {
            if let OperandKind::Place(place) = target.kind {
                constraint.fixed = self.fixed_register(place);
            }
            AsmValue::Value(self.asm_value(target, &constraint)?)
        };
        Some(AsmOperand { name: operand.name, span, constraint, value })
    }

    /// An input in memory.
    fn asm_object(&mut self, target: Operand, text: &str) -> Option<PlaceId> {
        let OperandKind::Place(place) = target.kind else {
            if !matches!(target.kind, OperandKind::Value(value) if self.is_poison(value)) {
                let message = format!("the constraint `{text}` needs an object in memory");
                self.error(E0415, target.span, message);
            }
            return None;
        };
        let is_error = self.is_error(self.body.places[place].ty.ty);
        (!is_error && self.is_in_memory(place, target.span)).then_some(place)
    }

    /// An input in a register, or a constant.
    fn asm_value(&mut self, target: Operand, constraint: &AsmConstraint) -> Option<ExprId> {
        if let OperandKind::Helper(number) = target.kind {
            // The number is what a call instruction wants.
            let ty = self.common.int;
            return Some(self.int(i128::from(number), ty, target.span));
        }
        if let OperandKind::Place(place) = target.kind
            && let PlaceKind::Global(global) = self.body.places[place].kind
            && constraint.immediate
            && let Some(&number) = self.helper_vars.get(&global)
        {
            let ty = self.common.int;
            return Some(self.int(i128::from(number), ty, target.span));
        }
        if let OperandKind::Place(place) = target.kind
            && constraint.immediate
            && let Some(value) = self.constant_of(place)
        {
            return Some(value);
        }
        let value = self.operand_value(target);
        if self.is_poison(value) {
            return None;
        }
        self.check_scalar(self.type_of(value), target.span)?;
        if constraint.immediate
            && !constraint.register
            && self.is_integer(self.type_of(value))
            && let Some(number) = self.const_address_int(value)
        {
            return Some(self.int(number, self.type_of(value), target.span));
        }
        Some(value)
    }

    /// The value of a constant object, such as the pointers that libbpf has for helpers.
    fn constant_of(&mut self, place: PlaceId) -> Option<ExprId> {
        let hir::Place { kind: PlaceKind::Global(_), ty, span } = self.body.places[place] else {
            return None;
        };
        let size = usize::try_from(self.module.types.size_of(ty.ty)?).ok()?;
        if self.all_quals(ty).is_volatile || !self.is_scalar(ty.ty) {
            return None;
        }
        let bytes = self.literal_bytes(place, size)?;
        let mut number = [0; 8];
        number.get_mut(..size)?.copy_from_slice(&bytes);
        let (bits, is_signed) = self.int_shape(ty.ty).unwrap_or((64, false));
        let value = crate::fold::wrap(i128::from(u64::from_le_bytes(number)), bits, is_signed);
        Some(self.int(value, ty.ty, span))
    }

    fn check_operand_type(
        &mut self,
        place: PlaceId,
        constraint: &AsmConstraint,
        span: Span,
    ) -> Option<()> {
        if constraint.register {
            return self.check_scalar(self.body.places[place].ty.ty, span);
        }
        self.is_in_memory(place, span).then_some(())
    }

    /// A register holds numbers and pointers of up to eight bytes.
    fn check_scalar(&mut self, ty: hir::TypeId, span: Span) -> Option<()> {
        let size = self.module.types.size_of(ty).unwrap_or(0);
        if self.is_scalar(ty) && !self.is_float(ty) && size <= 8 {
            return Some(());
        }
        let shown = self.show(ty);
        let report = Diagnostic::new(
            E0415,
            span,
            format!("a register cannot hold a value of type `{shown}`"),
        )
        .with_help("the constraint `m` gives the assembly the address of an object");
        self.report(report);
        None
    }

    fn is_in_memory(&mut self, place: PlaceId, span: Span) -> bool {
        let is_bits = self.bit_field(place).is_some();
        if is_bits {
            self.error(E0415, span, "a bit-field has no address that assembly could use");
        }
        !is_bits
    }

    /// The register that `register u64 x asm("r1");` asks for.
    fn fixed_register(&self, place: PlaceId) -> Option<u8> {
        let PlaceKind::Local(local) = self.body.places[place].kind else {
            return None;
        };
        self.func.as_ref()?.registers.get(&local).copied()
    }

    /// `asm("r1")` behind a local variable.
    pub fn bind_register(&mut self, local: hir::LocalId, label: &ast::StrLit) {
        let text = crate::attrs::string_text(label);
        match register_number(&text) {
            Some(number) => {
                if let Some(func) = &mut self.func {
                    func.registers.insert(local, number);
                }
            }
            None => self.error(E0415, label.span, format!("`{text}` is no register of BPF")),
        }
    }

    /// Reads a constraint. `names` are those of all operands, of which `n_outputs` are outputs.
    fn constraint(
        &mut self,
        text: &str,
        at: Span,
        names: &[Option<Symbol>],
        n_outputs: usize,
    ) -> Option<AsmConstraint> {
        let mut out = AsmConstraint { is_read: !text.starts_with('='), ..Default::default() };
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            rest = &rest[letter.len_utf8()..];
            match letter {
                '=' | '+' | '%' | '?' | '!' | '*' | ',' | ' ' => {}
                '&' => out.is_early = true,
                'r' => out.register = true,
                'w' => (out.register, out.is_half) = (true, true),
                'i' | 'n' | 's' => out.immediate = true,
                'm' | 'o' | 'V' => out.memory = true,
                // What a register can hold does not have to be in memory.
                'g' | 'X' => (out.register, out.immediate) = (true, true),
                'p' => out.register = true,
                '0'..='9' => {
                    let n_more = rest.bytes().take_while(u8::is_ascii_digit).count();
                    let digits =
                        &text[text.len() - rest.len() - 1..text.len() - rest.len() + n_more];
                    rest = &rest[n_more..];
                    let tied = digits.parse().ok().filter(|&tied| tied < n_outputs);
                    (out.register, out.tied) = (true, Some(self.tied(tied, text, at)?));
                }
                '[' => {
                    let (name, after) = rest.split_once(']').unwrap_or((rest, ""));
                    rest = after;
                    let is_it = |other: &Option<Symbol>| {
                        other.is_some_and(|other| self.session.name(other) == name)
                    };
                    let tied = names.iter().position(is_it).filter(|&tied| tied < n_outputs);
                    (out.register, out.tied) = (true, Some(self.tied(tied, text, at)?));
                }
                _ => {
                    let message = format!("the constraint `{text}` is unknown");
                    let report = Diagnostic::new(E0415, at, message).with_note(
                        "BPF has `r` and `w` for registers, `i` for constants, `m` for memory, and \
                         numbers for the place of an output",
                    );
                    self.report(report);
                    return None;
                }
            }
        }
        if !out.register && !out.memory && !out.immediate {
            self.error(E0415, at, format!("the constraint `{text}` allows no operand"));
            return None;
        }
        Some(out)
    }

    fn tied(&mut self, tied: Option<usize>, text: &str, at: Span) -> Option<u32> {
        if tied.is_none() {
            self.error(E0415, at, format!("the constraint `{text}` refers to no output"));
        }
        tied.and_then(|tied| u32::try_from(tied).ok())
    }

    /// `*(long *)&(struct bpf_insn){ … }`: an instruction as a number. It is no constant
    /// expression of C, but compilers fold it.
    fn instruction_literal(&mut self, expr: ast::ExprId) -> Option<ExprId> {
        use ast::{ExprKind as A, UnaryOp};
        let unit = self.unit;
        let strip = |mut expr: ast::ExprId| {
            while let A::Paren(inner) = unit.exprs[expr].kind {
                expr = inner;
            }
            &unit.exprs[expr].kind
        };
        let A::Unary(UnaryOp::Deref, cast) = strip(expr) else { return None };
        let A::Cast(ty, address) = strip(*cast) else { return None };
        let A::Unary(UnaryOp::AddrOf, literal) = strip(*address) else { return None };
        let A::CompoundLiteral(literal_ty, list) = strip(*literal) else { return None };
        let span = unit.exprs[expr].span;
        let pointer = self.type_name(*ty).ty;
        let to = self.pointee(pointer)?;
        let from = self.type_name(*literal_ty);
        let place = self.static_literal(from, list, span);
        let size = self.module.types.size_of(to.ty)?;
        let bytes = self.literal_bytes(place, usize::try_from(size).ok()?)?;
        let mut number = [0; 8];
        number.get_mut(..bytes.len())?.copy_from_slice(&bytes);
        let shape = self.int_shape(to.ty)?;
        let value = crate::fold::wrap(i128::from(u64::from_le_bytes(number)), shape.0, shape.1);
        Some(self.int(value, to.ty, span))
    }

    /// `asm volatile("" : "+r"(x))` makes the value of `x` unknown to the optimiser.
    fn opaque(&mut self, operands: &[AsmOperand], span: Span, out: &mut Vec<StmtId>) -> bool {
        let is_plain = |operand: &AsmOperand| {
            operand.constraint.register && operand.constraint.fixed.is_none()
        };
        let (place, value) = match operands {
            [only] if only.constraint.is_read && is_plain(only) => match only.value {
                AsmValue::Output(place) => (place, self.load(place)),
                _ => return false,
            },
            [to, from] if from.constraint.tied == Some(0) && is_plain(to) && is_plain(from) => {
                match (&to.value, &from.value) {
                    (AsmValue::Output(place), AsmValue::Value(value)) => (*place, *value),
                    _ => return false,
                }
            }
            _ => return false,
        };
        let ty = self.body.places[place].ty.ty;
        if self.is_poison(value) || !self.is_scalar(ty) || self.type_of(value) != ty {
            return false;
        }
        let value = self.value(ExprKind::Builtin(hir::Builtin::Opaque, vec![value]), ty, span);
        let assign = self.value(ExprKind::Assign { place, value }, ty, span);
        out.push(self.statement(StmtKind::Expr(assign), span));
        true
    }

    /// A naked function consists of assembly, which finds the arguments in `r1` to `r5`.
    pub fn check_naked(&mut self, attribute: Span) {
        let mut reports = Vec::new();
        let n_params = self.body.n_params;
        crate::walk::walk(&self.body, |node| {
            let (span, message) = match node {
                crate::walk::Node::Stmt(id) => match &self.body.stmts[id] {
                    hir::Stmt { kind: StmtKind::Asm(_) | StmtKind::Block(_), .. } => return,
                    stmt => (stmt.span, "a naked function consists of assembly only"),
                },
                crate::walk::Node::Place(id) => match self.body.places[id] {
                    hir::Place { kind: PlaceKind::Local(local), span, .. }
                        if bpfc_base::Idx::index(local) < n_params =>
                    {
                        (span, "the parameters of a naked function are in `r1` to `r5`")
                    }
                    _ => return,
                },
                crate::walk::Node::Expr(_) => return,
            };
            reports.push(Diagnostic::new(E0416, span, message));
        });
        // What the first statement computes and the rest do is one mistake.
        if let Some(report) = reports.into_iter().next() {
            self.report(report.with_note_at(attribute, "the function is naked"));
        }
    }
}

/// Appends the pieces of one string literal. `is_here` if the span holds its spelling; `start` is
/// where it starts in the text.
fn literal_runs(
    spelling: &str,
    span: Span,
    is_here: bool,
    start: &mut u32,
    runs: &mut Vec<TextRun>,
) {
    let (prefix, inside) = literal::split_prefix(spelling);
    let n_bytes = |text: &str| {
        let mut units = Vec::new();
        // Malformed literals were reported.
        literal::decode(text, prefix, &mut units).map_or(0, |()| units.len() as u32)
    };
    if !is_here {
        runs.push(TextRun { start: *start, span, is_verbatim: false });
        *start += n_bytes(inside);
        return;
    }
    let mut lo = span.lo + (spelling.find(inside).unwrap_or(0)) as u32;
    let mut rest = inside;
    while !rest.is_empty() {
        let len = match rest.find('\\') {
            Some(0) => escape_len(rest),
            Some(at) => at,
            None => rest.len(),
        };
        let (piece, after) = rest.split_at(len);
        let hi = lo + len as u32;
        let is_verbatim = !piece.starts_with('\\');
        runs.push(TextRun { start: *start, span: Span { lo, hi, ..span }, is_verbatim });
        *start += n_bytes(piece);
        (lo, rest) = (hi, after);
    }
}

/// The length of the escape sequence at the start of `text`.
fn escape_len(text: &str) -> usize {
    let after = &text[1..];
    let digits = |text: &str, radix: u32, most: usize| {
        text.chars().take(most).take_while(|c| c.is_digit(radix)).count()
    };
    let len = match after.chars().next() {
        None => 0,
        Some('x') => 1 + digits(&after[1..], 16, usize::MAX),
        Some('u') => 1 + digits(&after[1..], 16, 4),
        Some('U') => 1 + digits(&after[1..], 16, 8),
        Some('0'..='7') => digits(after, 8, 3),
        Some(other) => other.len_utf8(),
    };
    1 + len
}

fn is_input(operand: &AsmOperand) -> bool {
    !matches!(operand.value, AsmValue::Output(_))
}

/// The number of the register that `text` names: `r0` to `r10`, `w0` to `w10`.
fn register_number(text: &str) -> Option<u8> {
    let digits = text.strip_prefix(['r', 'w'])?;
    let number = digits.parse().ok().filter(|number| *number <= FRAME_POINTER)?;
    (digits.len() == 1 || number == FRAME_POINTER).then_some(number)
}
