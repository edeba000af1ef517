//! A field in network byte order (`__be16`, `__be32`, `__be64`) compared with a constant in the machine's.

use super::Lint;
use crate::hir::{CompareOp, ExprId, ExprKind, StmtKind, Type, TypeId};
use crate::walk::{Node, walk};
use bpfc_base::codes::verifier::W0707;
use bpfc_base::{Diagnostic, Edit, Span};
use bpfc_btf::Endian;

/// Numbers of protocols that follow an Ethernet header: the kernel's `if_ether.h`.
const ETHER_TYPES: [i128; 6] = [0x0800, 0x0806, 0x8100, 0x86dd, 0x8847, 0x88a8];

/// Reports comparisons that hold for other values than those that were meant. On a machine of network byte order
/// they are right.
pub(super) fn check(lint: &mut Lint<'_>) {
    if lint.module.endian == Endian::Big {
        return;
    }
    let mut found = Vec::new();
    walk(lint.body, |node| {
        let Node::Expr(id) = node else {
            found.extend(switch(lint, node));
            return;
        };
        if let ExprKind::Compare(op, a, b) = lint.body.exprs[id].kind {
            found.extend(comparison(lint, op, a, b).or_else(|| comparison(lint, op, b, a)));
        }
    });
    found.into_iter().for_each(|diagnostic| lint.session.report(diagnostic));
}

/// A `switch` over a protocol whose cases are numbers of protocols as headers have them.
fn switch(lint: &Lint<'_>, node: Node) -> Option<Diagnostic> {
    let Node::Stmt(id) = node else { return None };
    let StmtKind::Switch { value, cases, .. } = &lint.body.stmts[id].kind else { return None };
    let bits = network_bits(lint, *value)?;
    let case = cases.iter().find(|case| ETHER_TYPES.contains(&case.low))?;
    let span = lint.body.exprs[*value].span;
    let message = "a value in network byte order is compared with a number in the machine's";
    let is_wanted = bits == 16 && !lint.session.sources.is_in_system(span);
    is_wanted.then(|| {
        Diagnostic::new(W0707, span, message)
            .with_label("in network byte order")
            .with_note(format!("a case is {:#06x}", case.low))
            .with_help("convert the numbers of the cases: `bpf_htons`")
    })
}

fn comparison(lint: &Lint<'_>, op: CompareOp, field: ExprId, number: ExprId) -> Option<Diagnostic> {
    let bits = network_bits(lint, field)?;
    let ExprKind::Int(value) = lint.body.exprs[lint.stripped(number)].kind else { return None };
    let span = lint.body.exprs[number].span;
    // A macro of a header may name the number, but the comparison is the program's.
    if is_converted(lint, span) || lint.session.sources.is_in_system(span) {
        return None;
    }
    let mask = (1_i128 << bits) - 1;
    let value = value & mask;
    let swapped = match bits {
        16 => i128::from((value as u16).swap_bytes()),
        32 => i128::from((value as u32).swap_bytes()),
        _ => i128::from((value as u64).swap_bytes()),
    };
    let is_equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
    // Zero, all ones: the same in both orders. Somebody may have swapped the bytes by hand.
    let is_by_hand = bits == 16 && ETHER_TYPES.contains(&swapped) && !ETHER_TYPES.contains(&value);
    if is_equality && (swapped == value || is_by_hand) || !is_equality && value == 0 {
        return None;
    }
    let convert = match bits {
        16 => "bpf_htons",
        32 => "bpf_htonl",
        _ => "bpf_cpu_to_be64",
    };
    let message = "a value in network byte order is compared with a number in the machine's";
    let diagnostic = Diagnostic::new(W0707, span, message)
        .with_secondary(lint.body.exprs[field].span, "in network byte order");
    if !is_equality {
        let back = convert.replace("hton", "ntoh").replace("cpu_to_be64", "be64_to_cpu");
        return Some(diagnostic.with_help(format!("convert the value first: `{back}`")));
    }
    let help = format!("convert the number: `{convert}`");
    let root = lint.session.sources.root(span);
    Some(match lint.text(root) {
        Some(text) => {
            let edit = Edit { span: root, replacement: format!("{convert}({text})") };
            diagnostic.with_edit(help, vec![edit])
        }
        None => diagnostic.with_help(help),
    })
}

/// The width of an object whose declared type is in network byte order.
fn network_bits(lint: &Lint<'_>, value: ExprId) -> Option<u32> {
    let ExprKind::Load(place) = lint.body.exprs[lint.stripped(value)].kind else { return None };
    named_bits(lint, lint.body.places[place].ty.ty)
}

fn named_bits(lint: &Lint<'_>, mut ty: TypeId) -> Option<u32> {
    let types = &lint.module.types;
    loop {
        match types.get(ty) {
            Type::Typedef(id) => {
                let typedef = &types.typedefs[*id];
                match lint.session.names.resolve(typedef.name) {
                    "__be16" => return Some(16),
                    "__be32" => return Some(32),
                    "__be64" => return Some(64),
                    _ => ty = typedef.ty.ty,
                }
            }
            Type::Tagged { inner, .. } => ty = *inner,
            _ => return None,
        }
    }
}

/// Whether a macro that converts byte orders had a part in `span`.
fn is_converted(lint: &Lint<'_>, span: Span) -> bool {
    let is_converter = |text: &str| {
        let text = text.to_ascii_lowercase();
        ["hton", "ntoh", "cpu_to_be", "be16", "be32", "be64", "swab", "swap"]
            .iter()
            .any(|part| text.contains(part))
    };
    let (sources, names) = (&lint.session.sources, &lint.session.names);
    let mut chain = sources.expansion_chain(span);
    chain.any(|expansion| is_converter(names.resolve(expansion.name)))
        || is_converter(sources.text(sources.root(span)))
}
