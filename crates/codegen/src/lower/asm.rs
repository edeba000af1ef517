//! Inline assembly: operands to values, and a first look at the text, with any registers in place.

use super::Ctx;
use super::convert::Scalar;
use super::place::PlaceRef;
use crate::assembly::{Expansion, Names, Spelled, expand, parse_template, report};
use crate::ir::*;
use bpfc_base::codes::bpf::{E0414, E0415};
use bpfc_base::similar::most_similar;
use bpfc_base::{Diagnostic, Idx, Span};
use bpfc_isa::{Fragment, FragmentTarget, Reg, RegSet, assemble_fragment};
use bpfc_typeck::hir::{self, AsmConstraint, AsmValue};
use std::collections::BTreeMap;

/// An output on its way.
struct Output {
    result: u32,
    place: PlaceRef,
    ty: hir::QualType,
}

/// Operands on their way.
#[derive(Default)]
struct Operands {
    operands: Vec<AsmOperand>,
    args: Vec<Value>,
    outputs: Vec<Output>,
}

impl Operands {
    fn argument(&mut self, value: Value) -> Option<u32> {
        self.args.push(value);
        Some(self.args.len() as u32 - 1)
    }
}

impl Ctx<'_> {
    pub(super) fn lower_asm(&mut self, asm: &hir::Asm) {
        let span = self.span;
        let mut operands = Operands::default();
        for operand in &asm.operands {
            self.lower_operand(operand, &mut operands);
            self.span = span;
        }
        let Operands { operands, args, outputs } = operands;
        let Some(list) = ArgList::new(&args) else {
            let message = format!("this assembly has {} operands", args.len());
            let report = Diagnostic::new(E0415, span, message)
                .with_note(format!("at most {} can be read", ArgList::MAX));
            return self.reports.push(report);
        };
        let Some(asm_node) = self.take_apart(asm, operands, span) else { return };
        let asm_node = self.check_text(asm_node, &args);
        self.asms.push(asm_node);
        let id = AsmId::new(self.first_asm + self.asms.len() - 1);
        let selector = self.emit(Op::Asm(id, list), Type::I32);
        for Output { result, place, ty } in outputs {
            let scalar = self.scalar(ty.ty, span);
            let result_ty = if scalar.ty() == Type::Ptr { Type::Ptr } else { Type::I64 };
            let value = self.emit(Op::AsmResult(selector, result), result_ty);
            let value = self.scalar_from_register(value, scalar);
            self.write(&place, ty, value);
        }
        for (idx, (_, label)) in asm.labels.iter().enumerate() {
            let (target, next) = (self.labels[*label], self.new_block());
            let number = self.int(Type::I32, idx as i64 + 1);
            self.branch((Cond::Eq, selector, number), target, next);
            self.start_block(next);
        }
    }

    fn lower_operand(&mut self, operand: &hir::AsmOperand, out: &mut Operands) {
        let AsmConstraint { is_early, is_half, fixed, .. } = operand.constraint;
        let home = match operand.constraint {
            AsmConstraint { tied: Some(tied), .. } => AsmHome::Same(tied),
            AsmConstraint { register: true, immediate: true, .. } => AsmHome::RegisterOrText,
            AsmConstraint { register: true, .. } => AsmHome::Register,
            AsmConstraint { memory: true, .. } => AsmHome::Memory,
            _ => AsmHome::Text,
        };
        let mut it = AsmOperand {
            home,
            is_half,
            fixed: fixed.and_then(Reg::new),
            input: None,
            output: None,
            is_early,
            n_bits: 0,
            span: operand.span,
        };
        match operand.value {
            AsmValue::Output(place) | AsmValue::Object(place) if home == AsmHome::Memory => {
                let place = self.lower_place(place);
                let address = self.address_value(place.address);
                it.input = out.argument(address);
            }
            AsmValue::Output(id) | AsmValue::Object(id) => {
                let ty = self.hir.places[id].ty;
                let place = self.lower_place(id);
                if operand.constraint.is_read {
                    let value = self.read(&place, ty, false);
                    it.input = out.argument(value);
                }
                let result = out.outputs.len() as u32;
                it.output = Some(result);
                it.home = AsmHome::Register;
                out.outputs.push(Output { result, place, ty });
            }
            AsmValue::Value(value) => {
                let ty = self.hir.exprs[value].ty;
                it.n_bits = match self.scalar(ty, operand.span) {
                    Scalar::Int(width, _) if width < Width::W64 => width.bits(),
                    _ => 0,
                };
                let value = match self.hir.exprs[value].kind {
                    // The symbol itself, be it weak or not.
                    hir::ExprKind::FuncAddr(func) if home == AsmHome::Text => {
                        self.out.leaf(Op::FuncAddr(func), Type::Ptr)
                    }
                    _ => self.lower_expr(value),
                };
                let argument = out.argument(value);
                match home {
                    AsmHome::Same(tied) => out.operands[tied as usize].input = argument,
                    _ => it.input = argument,
                }
            }
        }
        out.operands.push(it);
    }

    fn take_apart(&mut self, asm: &hir::Asm, operands: Vec<AsmOperand>, span: Span) -> Option<Asm> {
        let resolve = |name: &hir::AsmOperand| name.name.map(|name| self.names.resolve(name));
        let is_both = |operand: &&AsmOperand| operand.output.is_some() && operand.input.is_some();
        let names = Names {
            operands: asm.operands.iter().map(resolve).collect(),
            n_both: operands.iter().filter(is_both).count(),
            labels: asm.labels.iter().map(|(name, _)| self.names.resolve(*name)).collect(),
        };
        let range = 0..asm.template.len() as u32;
        let parsed = match asm.is_basic {
            true => Ok(vec![AsmPiece { kind: AsmPieceKind::Text, range }]),
            false => parse_template(&asm.template, &names),
        };
        let pieces = match parsed {
            Ok(pieces) => pieces,
            Err(error) => {
                let at = asm.span_of(error.range);
                let at = if at.is_none() { span } else { at };
                self.reports.push(Diagnostic::new(E0414, at, error.message));
                return None;
            }
        };
        let is_clobbered = |reg: &Reg| asm.clobbers.registers & 1 << reg.number() != 0;
        Some(Asm {
            text: asm.template.clone(),
            runs: asm.runs.clone(),
            pieces,
            operands,
            clobbers: Reg::ALL.into_iter().filter(is_clobbered).collect::<RegSet>(),
            n_labels: asm.labels.len() as u32,
            endian: self.out.endian,
            symbols: BTreeMap::new(),
            span,
        })
    }

    /// Assembles the text with some registers and constants, and resolves its names.
    fn check_text(&mut self, mut asm: Asm, args: &[Value]) -> Asm {
        let spell = |operand: &AsmOperand| self.spell_any(&asm, operand, args);
        let spelled: Vec<Spelled> = asm.operands.iter().map(spell).collect();
        let expansion = expand(&asm, &spelled, 0);
        let fragment = match assemble_fragment(&expansion.text, asm.endian) {
            Ok(fragment) => fragment,
            Err(errors) => {
                let reports = errors.iter().map(|error| expansion.report(&asm, error));
                self.reports.extend(reports);
                return asm;
            }
        };
        self.resolve_names(&mut asm, &expansion, &fragment);
        asm
    }

    /// Some spelling of an operand, the right one where it is known already.
    fn spell_any(&self, asm: &Asm, operand: &AsmOperand, args: &[Value]) -> Spelled {
        let register = match (operand.fixed, operand.is_half) {
            (fixed, true) => Spelled::Half(fixed.unwrap_or(Reg::R0)),
            (fixed, false) => Spelled::Reg(fixed.unwrap_or(Reg::R0)),
        };
        match operand.home {
            AsmHome::Register => register,
            AsmHome::Same(other) => self.spell_any(asm, &asm.operands[other as usize], args),
            AsmHome::Memory => Spelled::Memory(Reg::R0, 0),
            AsmHome::RegisterOrText | AsmHome::Text => {
                let arg = operand.input.map(|input| args[input as usize]);
                match arg.and_then(|arg| spelled_constant(&self.out, operand, arg)) {
                    Some(constant) => constant,
                    None if operand.home == AsmHome::Text => Spelled::Number(0),
                    None => register,
                }
            }
        }
    }

    fn resolve_names(&mut self, asm: &mut Asm, expansion: &Expansion, fragment: &Fragment) {
        for insn in &fragment.insns {
            let Some(FragmentTarget::Name { name, range, addend }) = &insn.target else { continue };
            let is_jump = insn.insn.jump_offset().is_some();
            if name.starts_with('$') && name.starts_with("$l") == is_jump {
                continue;
            }
            let at = expansion.span(asm, range);
            if is_jump {
                let message = format!("there is no label `{name}` in this assembly");
                self.reports.push(report(asm, at, message, None));
                continue;
            }
            let is_call = matches!(insn.insn, bpfc_isa::Insn::Call(_));
            match self.find_symbol(name) {
                Some(AsmSymbol::Global(_)) if is_call => {
                    let message = format!("`{name}` is no function");
                    self.reports.push(report(asm, at, message, None));
                }
                Some(AsmSymbol::Func(_)) if *addend != 0 => {
                    let message = format!("nothing can be added to `{name}`");
                    self.reports.push(report(asm, at, message, None));
                }
                Some(symbol) => {
                    asm.symbols.insert(name.clone(), symbol);
                }
                None => {
                    let unknown = self.unknown_symbol(asm, name, at, is_call);
                    self.reports.push(unknown);
                }
            }
        }
    }

    fn unknown_symbol(&self, asm: &Asm, name: &str, at: Span, is_call: bool) -> Diagnostic {
        let what = if is_call { "function" } else { "function or object" };
        let diagnostic = report(asm, at, format!("there is no {what} `{name}`"), None);
        let funcs = self.module.funcs.iter().map(|func| self.names.resolve(func.name));
        let globals = self.module.globals.iter().map(|global| self.names.resolve(global.name));
        let globals = globals.filter(|_| !is_call);
        match most_similar(name, funcs.chain(globals)) {
            Some(similar) => diagnostic.with_help(format!("did you mean `{similar}`?")),
            None if is_call => diagnostic
                .with_help("helpers are called by number: `call %[f]` with `[f]\"i\"(bpf_…)`"),
            None => diagnostic,
        }
    }

    /// What a name in assembly means.
    fn find_symbol(&self, name: &str) -> Option<AsmSymbol> {
        let func = |rest: &str| hir::FuncId::new(rest.parse().unwrap_or(0));
        let global = |rest: &str| hir::GlobalId::new(rest.parse().unwrap_or(0));
        if let Some(rest) = name.strip_prefix("$f") {
            return Some(AsmSymbol::Func(func(rest)));
        }
        if let Some(rest) = name.strip_prefix("$g") {
            return Some(AsmSymbol::Global(global(rest)));
        }
        let symbol = self.names.get(name)?;
        let funcs = &self.module.funcs;
        if let Some(func) = funcs.ids().find(|id| funcs[*id].name == symbol) {
            return Some(AsmSymbol::Func(func));
        }
        let globals = &self.module.globals;
        let global = globals.ids().find(|id| globals[*id].name == symbol)?;
        Some(AsmSymbol::Global(global))
    }
}

/// The spelling of an operand whose argument is constant.
pub fn spelled_constant(body: &Body, operand: &AsmOperand, arg: Value) -> Option<Spelled> {
    match body.op(arg) {
        // As clang has it: narrow constants are sign-extended.
        Op::Const(n) if operand.n_bits > 0 => {
            let shift = 64 - operand.n_bits;
            Some(Spelled::Number(n << shift >> shift))
        }
        Op::Const(n) => Some(Spelled::Number(n)),
        Op::GlobalAddr(global, offset) => {
            Some(Spelled::Symbol(format!("$g{}", global.index()), offset))
        }
        Op::FuncAddr(func) => Some(Spelled::Symbol(format!("$f{}", func.index()), 0)),
        _ => None,
    }
}
