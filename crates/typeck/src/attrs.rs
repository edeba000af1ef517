//! Attributes (GNU `__attribute__`, C11 `_Noreturn` and the like). Unknown ones get W0303.

use crate::checker::Checker;
use crate::hir::{Inline, IntKind};
use bpfc_base::codes::types::{E0309, E0311, E0320, W0303};
use bpfc_base::similar::most_similar;
use bpfc_base::{Diagnostic, Span, Symbol};
use bpfc_parser::ATTRIBUTES;
use bpfc_parser::ast::{self, AttrArg, Attribute, ExprKind};

/// What the attributes of a declaration or type ask for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attrs {
    pub section: Option<(Symbol, Span)>,
    pub inline: Inline,
    /// In bytes.
    pub align: Option<u32>,
    pub is_packed: bool,
    pub is_weak: bool,
    pub is_used: bool,
    /// `unused`, `maybe_unused`
    pub is_unused: bool,
    /// `warn_unused_result`
    pub must_use: bool,
    /// `deprecated`, and the reason that it gives.
    pub deprecated: Option<Option<Symbol>>,
    pub is_noreturn: bool,
    pub is_relocatable: bool,
    /// `inline` as GNU C before C99 had it: `extern inline` defines nothing that others see.
    pub is_gnu_inline: bool,
    /// The body is assembly only.
    pub is_naked: bool,
    /// `visibility("hidden")`
    pub is_hidden: bool,
    pub decl_tags: Vec<Symbol>,
    pub type_tags: Vec<Symbol>,
    /// `cleanup(function)`.
    pub cleanup: Option<(Symbol, Span)>,
    /// `address_space(n)`, with n not 0.
    pub address_space: Option<i128>,
    /// `mode(…)`: the width of an integer in bits.
    pub mode_bits: Option<u32>,
}

/// Attributes that are known and refused.
const REFUSED: &[&str] =
    &["vector_size", "ext_vector_type", "address_space", "alias", "ifunc", "weakref"];

impl Checker<'_> {
    /// Reads the attributes of `lists`.
    pub fn attrs(&mut self, lists: &[&[Attribute]]) -> Attrs {
        let mut attrs = Attrs::default();
        for attribute in lists.iter().copied().flatten() {
            self.attr(attribute, &mut attrs);
        }
        attrs
    }

    fn attr(&mut self, attribute: &Attribute, attrs: &mut Attrs) {
        let name = self.name(attribute.name);
        match &*name {
            "section" => {
                if let Some(section) = self.attr_string(attribute) {
                    attrs.section = Some(section);
                }
            }
            "always_inline" => attrs.inline = Inline::Always,
            "noinline" => attrs.inline = Inline::Never,
            "aligned" => {
                let align = self.attr_align(attribute);
                attrs.align = attrs.align.max(align);
            }
            "packed" => attrs.is_packed = true,
            "weak" => attrs.is_weak = true,
            "used" => attrs.is_used = true,
            "unused" | "maybe_unused" => attrs.is_unused = true,
            "warn_unused_result" => attrs.must_use = true,
            "deprecated" => {
                let reason = (!attribute.args.is_empty()).then(|| self.attr_string(attribute));
                attrs.deprecated = Some(reason.flatten().map(|(text, _)| text));
            }
            "noreturn" => attrs.is_noreturn = true,
            "gnu_inline" => attrs.is_gnu_inline = true,
            "naked" => attrs.is_naked = true,
            "visibility" => {
                let visibility = self.attr_string(attribute);
                attrs.is_hidden = visibility.is_some_and(|(text, _)| &*self.name(text) == "hidden");
            }
            "preserve_access_index" => attrs.is_relocatable = true,
            "btf_decl_tag" => attrs.decl_tags.extend(self.attr_string(attribute).map(|(s, _)| s)),
            "btf_type_tag" => attrs.type_tags.extend(self.attr_string(attribute).map(|(s, _)| s)),
            "mode" => attrs.mode_bits = self.attr_mode(attribute),
            "vector_size" | "ext_vector_type" => {
                self.error(E0320, attribute.span, "vector types are not supported: BPF has none");
            }
            "alias" | "ifunc" | "weakref" => {
                let message = format!("`{name}` is not supported: a symbol has one name");
                self.error(E0320, attribute.span, message);
            }
            "cleanup" => attrs.cleanup = self.attr_name(attribute),
            "address_space" => attrs.address_space = self.attr_address_space(attribute),
            known if ATTRIBUTES.binary_search(&known).is_ok() => {}
            unknown => self.unknown_attribute(unknown, attribute.span),
        }
    }

    /// Attributes of statements: hints, but for `musttail`.
    pub fn statement_attrs(&mut self, attrs: &[Attribute]) {
        for attribute in attrs {
            match &*self.name(attribute.name) {
                "musttail" => {
                    let message = "`musttail` cannot be kept: BPF has no tail calls of functions";
                    self.report(
                        Diagnostic::new(E0320, attribute.span, message)
                            .with_help("a program calls another by `bpf_tail_call`"),
                    );
                }
                "likely" | "unlikely" | "fallthrough" | "nomerge" | "opencl_unroll_hint"
                | "always_inline" | "noinline" | "unused" | "maybe_unused" => {}
                unknown => self.unknown_attribute(unknown, attribute.span),
            }
        }
    }

    fn unknown_attribute(&mut self, name: &str, span: Span) {
        let message = format!("the attribute `{name}` is unknown and has no effect");
        let mut diagnostic = Diagnostic::new(W0303, span, message);
        let known = ATTRIBUTES.iter().chain(REFUSED).copied();
        if let Some(similar) = most_similar(name, known) {
            diagnostic = diagnostic.with_help(format!("did you mean `{similar}`?"));
        }
        self.report(diagnostic);
    }

    fn attr_string(&mut self, attribute: &Attribute) -> Option<(Symbol, Span)> {
        let unit = self.unit;
        let literal = attribute.args.first().and_then(|arg| match arg {
            AttrArg::Expr(expr) => {
                let mut expr = *expr;
                while let ExprKind::Paren(inner) = unit.exprs[expr].kind {
                    expr = inner;
                }
                match &unit.exprs[expr].kind {
                    ExprKind::Str(literal) => Some(literal),
                    _ => None,
                }
            }
            AttrArg::Type(_) => None,
        });
        let Some(literal) = literal else {
            let name = self.name(attribute.name);
            let message = format!("the attribute `{name}` takes a string");
            self.error(E0311, attribute.span, message);
            return None;
        };
        let text = string_text(literal);
        Some((self.session.intern(&text), literal.span))
    }

    /// `aligned`, or `aligned(bytes)`.
    fn attr_align(&mut self, attribute: &Attribute) -> Option<u32> {
        match attribute.args.first() {
            // As GCC and clang for x86-64: the largest alignment of any type.
            None => Some(16),
            Some(&AttrArg::Expr(expr)) => {
                let span = self.unit.exprs[expr].span;
                let value = self.const_expr(expr, "an alignment")?;
                self.valid_align(value, span)
            }
            Some(AttrArg::Type(ty)) => {
                let ty = self.type_name(*ty);
                self.module.types.align_of(ty.ty)
            }
        }
    }

    /// `value` as an alignment: a power of two; 0 asks for nothing (C11 6.7.5p6).
    pub fn valid_align(&mut self, value: i128, span: Span) -> Option<u32> {
        let align = u32::try_from(value).ok().filter(|align| *align <= 1 << 28);
        match align {
            Some(0) => None,
            Some(align) if align.is_power_of_two() => Some(align),
            _ => {
                let message = format!("an alignment is a power of two, found {value}");
                self.error(E0311, span, message);
                None
            }
        }
    }

    fn attr_address_space(&mut self, attribute: &Attribute) -> Option<i128> {
        let Some(&AttrArg::Expr(expr)) = attribute.args.first() else {
            self.error(E0311, attribute.span, "the attribute `address_space` takes a number");
            return None;
        };
        self.const_expr(expr, "an address space").filter(|number| *number != 0)
    }

    fn attr_name(&mut self, attribute: &Attribute) -> Option<(Symbol, Span)> {
        let unit = self.unit;
        if let Some(AttrArg::Expr(expr)) = attribute.args.first()
            && let ast::Expr { kind: ExprKind::Name(name), span } = unit.exprs[*expr]
        {
            return Some((name, span));
        }
        let name = self.name(attribute.name);
        self.error(E0311, attribute.span, format!("the attribute `{name}` takes a name"));
        None
    }

    fn attr_mode(&mut self, attribute: &Attribute) -> Option<u32> {
        let unit = self.unit;
        let name = attribute.args.first().and_then(|arg| match arg {
            AttrArg::Expr(expr) => match unit.exprs[*expr].kind {
                ExprKind::Name(name) => Some(name),
                _ => None,
            },
            AttrArg::Type(_) => None,
        });
        let text = name.map(|name| self.name(name));
        let bits = match text.as_deref().map(|text| text.trim_matches('_')) {
            Some("QI" | "byte") => 8,
            Some("HI") => 16,
            Some("SI") => 32,
            Some("DI" | "word" | "pointer") => 64,
            Some("TI") => 128,
            _ => {
                self.error(E0309, attribute.span, "`mode` takes one of QI, HI, SI, DI, TI");
                return None;
            }
        };
        Some(bits)
    }

    /// `kind` with the width that `mode` asks for.
    pub fn kind_of_mode(kind: IntKind, bits: u32) -> IntKind {
        let signed = match bits {
            8 => IntKind::SChar,
            16 => IntKind::Short,
            32 => IntKind::Int,
            64 => IntKind::Long,
            _ => IntKind::Int128,
        };
        if kind.is_signed() { signed } else { signed.to_unsigned() }
    }
}

/// The characters of a string literal.
pub(crate) fn string_text(literal: &ast::StrLit) -> String {
    let bytes: Vec<u8> = literal.units.iter().map(|&unit| unit as u8).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}
