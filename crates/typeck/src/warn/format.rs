//! Formats of `bpf_trace_printk` and its relatives: what the kernel takes, and whether the
//! arguments fit.
//!
//! The rules are those of `bpf_bprintf_prepare` in Linux 6.12, `kernel/bpf/helpers.c`.

use super::is_from_macro;
use crate::checker::Checker;
use crate::hir::{
    Callee, ExprId, ExprKind, GlobalInit, InitValue, LocalId, PlaceKind, StmtKind, TypeId,
};
use crate::walk::{Node, walk};
use bpfc_base::codes::bpf::W0401;
use bpfc_base::codes::types::W0312;
use bpfc_base::{Diagnostic, Span};
use rustc_hash::FxHashMap;
use std::ops::Range;

/// `MAX_BPRINTF_VARARGS` of `include/linux/bpf.h`, 6.12.
const MAX_ARGS: usize = 12;

/// What a conversion reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wants {
    /// An integer of so many bytes.
    Int(u32),
    /// A character.
    Char,
    /// A string's address.
    Str,
    /// An address, to be printed.
    Address,
    /// The address of an IP address of so many bytes.
    Ip(u32),
}

/// `%…` in a format.
#[derive(Clone, Debug)]
struct Conversion {
    wants: Wants,
    bytes: Range<usize>,
}

/// What is wrong with a format.
#[derive(Debug)]
struct BadFormat {
    bytes: Range<usize>,
    message: String,
    help: &'static str,
}

/// Reads a format as the kernel does.
fn conversions(format: &[u8]) -> (Vec<Conversion>, Option<BadFormat>) {
    let mut found = Vec::new();
    let byte = |at: usize| format.get(at).copied().unwrap_or(0);
    let mut at = 0;
    while at < format.len() {
        let first = byte(at);
        let is_space = matches!(first, b'\t'..=b'\r' | b' ');
        if !first.is_ascii_graphic() && !is_space {
            let message = match first.is_ascii() {
                true => format!(
                    "the kernel takes no control characters in formats, found `\\x{first:02x}`"
                ),
                false => "the kernel takes only ASCII in formats".to_owned(),
            };
            let help = "leave it out, or pass it as an argument of `%s`";
            return (found, Some(BadFormat { bytes: at..at + 1, message, help }));
        }
        if first != b'%' {
            at += 1;
            continue;
        }
        if byte(at + 1) == b'%' {
            at += 2;
            continue;
        }
        let start = at;
        at += 1;
        while matches!(byte(at), b'0' | b'+' | b'-' | b' ') {
            at += 1;
        }
        while byte(at).is_ascii_digit() {
            at += 1;
        }
        let (wants, len) = match conversion(&format[at.min(format.len())..]) {
            Some(known) => known,
            None => {
                let end = (at + 1).min(format.len());
                let text = String::from_utf8_lossy(&format[start..end]).into_owned();
                let bad = match byte(at) {
                    0 => BadFormat {
                        bytes: start..end,
                        message: "the format ends within a conversion".to_owned(),
                        help: "for a percent sign, write `%%`",
                    },
                    other => BadFormat {
                        bytes: start..end,
                        message: format!("the kernel does not take `{text}` in formats"),
                        help: advice(other),
                    },
                };
                return (found, Some(bad));
            }
        };
        at += len;
        found.push(Conversion { wants, bytes: start..at });
    }
    (found, None)
}

/// What stands behind flags and width, and how long it is.
fn conversion(rest: &[u8]) -> Option<(Wants, usize)> {
    let byte = |at: usize| rest.get(at).copied().unwrap_or(0);
    let is_end = |byte: u8| byte == 0 || byte.is_ascii_whitespace() || byte.is_ascii_punctuation();
    match byte(0) {
        b'p' => match (byte(1), byte(2)) {
            (b'k' | b'u', b's') => is_end(byte(3)).then_some((Wants::Str, 3)),
            (b'K' | b'x' | b's' | b'S' | b'B', _) => Some((Wants::Address, 2)),
            (b'i' | b'I', b'4') => Some((Wants::Ip(4), 3)),
            (b'i' | b'I', b'6') => Some((Wants::Ip(16), 3)),
            (other, _) => is_end(other).then_some((Wants::Address, 1)),
        },
        b's' => is_end(byte(1)).then_some((Wants::Str, 1)),
        b'c' => Some((Wants::Char, 1)),
        _ => {
            let n_long = rest.iter().take(2).take_while(|&&b| b == b'l').count();
            let bytes = if n_long == 0 { 4 } else { 8 };
            matches!(byte(n_long), b'd' | b'i' | b'u' | b'x' | b'X')
                .then_some((Wants::Int(bytes), n_long + 1))
        }
    }
}

/// What to write instead of a conversion that ends in `letter`.
fn advice(letter: u8) -> &'static str {
    match letter {
        b'o' => "print it as a decimal or hexadecimal number: `%u`, `%x`",
        b'h' => "`%d` and `%u` print smaller integers too",
        b'z' | b't' | b'j' => "for 64 bits write `%ld` or `%lu`",
        b'f' | b'e' | b'g' | b'a' => "BPF has no floating point: print an integer",
        b'*' | b'.' => "a width is a number in the format, and there is no precision",
        b'#' => "write `0x%x`",
        b's' => "behind `%s` there must be a space or punctuation",
        b'p' => {
            "it takes `%p`, `%px`, `%pK`, `%ps`, `%pS`, `%pB`, `%pks`, `%pus`, `%pi4`, `%pI4`, `%pi6` and `%pI6`"
        }
        _ => "it takes `d`, `i`, `u`, `x` and `X` with `l` or `ll`, `c`, `s` and `p`",
    }
}

/// A format in the source.
struct Format {
    bytes: Vec<u8>,
    /// The literal, where it is known.
    span: Option<Span>,
}

/// What a call prints.
struct Arg {
    value: ExprId,
    span: Span,
}

impl Checker<'_> {
    /// Checks the formats of the current function.
    pub(crate) fn warn_formats(&mut self) {
        let calls = self.printing_calls();
        if calls.is_empty() {
            return;
        }
        let (strings, arrays) = self.local_contents();
        for (id, call) in calls {
            let ExprKind::Call { args, .. } = self.body.exprs[call].kind.clone() else {
                continue;
            };
            let (format, size, rest) = match (id, args.as_slice()) {
                ("bpf_trace_printk", [format, size, rest @ ..]) => {
                    let rest = rest.iter().map(|&value| self.arg(value)).collect();
                    (*format, Some(*size), Some(rest))
                }
                ("bpf_trace_vprintk", [format, size, data, len])
                | ("bpf_seq_printf", [_, format, size, data, len]) => {
                    (*format, Some(*size), self.array_args(*data, *len, &arrays))
                }
                ("bpf_snprintf", [_, _, format, data, len]) => {
                    (*format, None, self.array_args(*data, *len, &arrays))
                }
                _ => continue,
            };
            let call_span = self.span_of(call);
            if let Some(format) = self.format_of(format, size, &strings, call_span) {
                self.check_format(&format, rest, call_span, id == "bpf_trace_printk");
            }
        }
    }

    fn printing_calls(&self) -> Vec<(&'static str, ExprId)> {
        let mut calls = Vec::new();
        walk(&self.body, |node| {
            if let Node::Expr(id) = node
                && let ExprKind::Call { callee: Callee::Helper(helper), .. } =
                    self.body.exprs[id].kind
                && let Some(helper) = bpfc_kabi::helper_by_id(helper)
                && helper.name.contains("print")
            {
                calls.push((helper.name, id));
            }
        });
        calls
    }

    /// Strings that locals are initialised with, and values that go into elements of local
    /// arrays of 64-bit numbers.
    #[allow(clippy::type_complexity, reason = "two tables")]
    fn local_contents(
        &self,
    ) -> (FxHashMap<LocalId, Vec<u8>>, FxHashMap<LocalId, FxHashMap<u64, ExprId>>) {
        let mut strings = FxHashMap::default();
        let mut arrays: FxHashMap<LocalId, FxHashMap<u64, ExprId>> = FxHashMap::default();
        walk(&self.body, |node| match node {
            Node::Stmt(id) => {
                if let StmtKind::Init(local, init) = &self.body.stmts[id].kind {
                    for item in &init.items {
                        match &item.value {
                            InitValue::Bytes(bytes) if item.offset_bits == 0 => {
                                strings.insert(*local, bytes.clone());
                            }
                            InitValue::Expr(value) => {
                                let index = item.offset_bits / 64;
                                arrays.entry(*local).or_default().insert(index, *value);
                            }
                            InitValue::Bytes(_) => {}
                        }
                    }
                }
            }
            Node::Expr(id) => {
                if let ExprKind::Assign { place, value } = self.body.exprs[id].kind
                    && let PlaceKind::Index { base, index } = self.body.places[place].kind
                    && let PlaceKind::Local(local) = self.body.places[base].kind
                    && let Some(index) = self.const_int(index)
                    && let Ok(index) = u64::try_from(index)
                {
                    arrays.entry(local).or_default().insert(index, value);
                }
            }
            Node::Place(_) => {}
        });
        (strings, arrays)
    }

    /// The value as it was before it became a 64-bit number.
    fn arg(&self, value: ExprId) -> Arg {
        let span = self.span_of(value);
        match self.body.exprs[value].kind {
            ExprKind::Cast(inner) if self.span_of(inner) == span => Arg { value: inner, span },
            _ => Arg { value, span },
        }
    }

    /// The elements of the array at `data`; `None` if they are not known.
    fn array_args(
        &self,
        data: ExprId,
        len: ExprId,
        arrays: &FxHashMap<LocalId, FxHashMap<u64, ExprId>>,
    ) -> Option<Vec<Arg>> {
        let n_args = u64::try_from(self.const_int(len)?).ok()? / 8;
        if n_args == 0 {
            return Some(Vec::new());
        }
        let local = self.local_behind(data)?;
        let values = arrays.get(&local)?;
        (0..n_args).map(|index| values.get(&index).map(|&value| self.arg(value))).collect()
    }

    fn local_behind(&self, mut value: ExprId) -> Option<LocalId> {
        while let ExprKind::Cast(inner) = self.body.exprs[value].kind {
            value = inner;
        }
        let ExprKind::AddrOf(place) = self.body.exprs[value].kind else {
            return None;
        };
        match self.body.places[place].kind {
            PlaceKind::Local(local) => Some(local),
            _ => None,
        }
    }

    /// The text of the format argument, up to its NUL. One without is reported.
    fn format_of(
        &mut self,
        format: ExprId,
        size: Option<ExprId>,
        strings: &FxHashMap<LocalId, Vec<u8>>,
        call: Span,
    ) -> Option<Format> {
        let mut value = format;
        while let ExprKind::Cast(inner) = self.body.exprs[value].kind {
            value = inner;
        }
        let ExprKind::AddrOf(place) = self.body.exprs[value].kind else {
            return None;
        };
        let (mut bytes, span) = match self.body.places[place].kind {
            PlaceKind::Local(local) => {
                (strings.get(&local)?.clone(), self.warn.literals_of_locals.get(&local).copied())
            }
            PlaceKind::Global(global) => {
                let node = &self.module.globals[global];
                let GlobalInit::Data { bytes, .. } = &node.init else {
                    return None;
                };
                let is_literal = matches!(node.kind, crate::hir::GlobalKind::StringLiteral);
                if !is_literal && !node.ty.quals.is_const && !self.is_const_object(node.ty) {
                    return None;
                }
                let known = self.warn.literals_of_globals.get(&global).copied();
                (bytes.clone(), known.or(is_literal.then_some(node.span)))
            }
            _ => return None,
        };
        let size = size.and_then(|size| self.const_int(size)).and_then(|n| usize::try_from(n).ok());
        if let Some(size) = size {
            bytes.truncate(size);
        }
        let Some(end) = bytes.iter().position(|&b| b == 0) else {
            self.report(
                Diagnostic::new(
                    W0401,
                    span.unwrap_or(call),
                    "the kernel wants a NUL at the end of the format",
                )
                .with_help("let the size include it, as `sizeof` of the array does"),
            );
            return None;
        };
        bytes.truncate(end);
        Some(Format { bytes, span })
    }

    fn check_format(
        &mut self,
        format: &Format,
        args: Option<Vec<Arg>>,
        call: Span,
        is_direct: bool,
    ) {
        let (conversions, bad) = conversions(&format.bytes);
        if let Some(bad) = bad {
            let span = self.span_within(format, &bad.bytes, call);
            self.report(Diagnostic::new(W0401, span, bad.message).with_help(bad.help));
            return;
        }
        let Some(args) = args else { return };
        if args.len() > MAX_ARGS {
            let message =
                format!("the kernel prints at most {MAX_ARGS} values, found {}", args.len());
            self.report(Diagnostic::new(W0401, call, message));
        }
        let (n_wanted, n_found) = (conversions.len(), args.len());
        if let Some(first) = conversions.get(n_found) {
            let span = self.span_within(format, &first.bytes, call);
            let message = format!(
                "the format has {} and the call {}",
                counted(n_wanted, "conversion"),
                counted(n_found, "value")
            );
            self.report(
                Diagnostic::new(W0312, span, message)
                    .with_flag("format-insufficient-args")
                    .with_note("the kernel prints nothing then, and the helper returns `-EINVAL`"),
            );
        } else if let Some(extra) = args.get(n_wanted) {
            let message = "the format has no conversion for this value";
            self.report(Diagnostic::new(W0312, extra.span, message).with_flag("format-extra-args"));
        }
        for (conversion, arg) in conversions.iter().zip(&args) {
            self.check_arg(format, conversion, arg, is_direct);
        }
    }

    fn check_arg(&mut self, format: &Format, conversion: &Conversion, arg: &Arg, is_direct: bool) {
        let ty = self.type_of(arg.value);
        if self.is_poison(arg.value) || !self.is_scalar(ty) {
            return;
        }
        let bits = self.int_shape(ty).map_or(64, |(bits, _)| bits);
        let is_pointer = self.is_pointer(ty);
        // Addresses often travel as 64-bit numbers.
        let is_address = is_pointer || bits == 64;
        let help = match conversion.wants {
            Wants::Int(4) if is_pointer => "for an address write `%p` or `%lx`".to_owned(),
            Wants::Int(4) if bits == 64 && self.value_bits(arg.value) > 32 => {
                format!(
                    "only 32 of its 64 bits are printed: write `{}`",
                    longer(format, conversion)
                )
            }
            Wants::Int(8) if is_pointer => return,
            Wants::Int(8) if is_direct && bits < 64 && self.may_be_negative(arg.value) => {
                "a negative value is not extended to 64 bits: leave out the `l`".to_owned()
            }
            Wants::Char if is_pointer => "`%c` prints a character, not a string".to_owned(),
            Wants::Str if !is_address => "`%s` takes the address of a string".to_owned(),
            Wants::Str if self.is_wrong_string(ty) => "`%s` prints a string".to_owned(),
            Wants::Ip(_) if !is_address => "pass its address with `&`".to_owned(),
            Wants::Address if !is_address && self.const_int(arg.value).is_none() => {
                "`%p` prints an address; for a number write `%u` or `%x`".to_owned()
            }
            _ => return,
        };
        let text = String::from_utf8_lossy(&format.bytes[conversion.bytes.clone()]).into_owned();
        let shown = self.show(ty);
        let mut diagnostic = Diagnostic::new(
            W0312,
            arg.span,
            format!("`{text}` does not fit a value of type `{shown}`"),
        )
        .with_help(help);
        if let Some(at) = self.literal_part(format, &conversion.bytes) {
            diagnostic = diagnostic.with_secondary(at, "for this conversion");
        }
        self.report(diagnostic);
    }

    fn is_wrong_string(&self, ty: TypeId) -> bool {
        let Some(to) = self.pointee(ty) else {
            return false;
        };
        let is_byte = self.int_shape(to.ty).is_some_and(|(bits, _)| bits == 8);
        !is_byte && !self.is_void(to.ty)
    }

    /// Where bytes of the format stand, or the call.
    fn span_within(&self, format: &Format, bytes: &Range<usize>, call: Span) -> Span {
        self.literal_part(format, bytes).or(format.span).unwrap_or(call)
    }

    /// Where bytes of the format stand in its literal.
    fn literal_part(&self, format: &Format, bytes: &Range<usize>) -> Option<Span> {
        let span = format.span.filter(|&span| !is_from_macro(span))?;
        let text = self.session.sources.text(span);
        let (lo, hi) = part_of_literal(text, bytes)?;
        Some(Span::new(span.lo + lo as u32, span.lo + hi as u32))
    }
}

/// `1 conversion`, `2 conversions`
fn counted(n: usize, what: &str) -> String {
    match n {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        _ => format!("{n} {what}s"),
    }
}

/// `%5d` as `%5ld`.
fn longer(format: &Format, conversion: &Conversion) -> String {
    let text = String::from_utf8_lossy(&format.bytes[conversion.bytes.clone()]).into_owned();
    let (head, letter) = text.split_at(text.len() - 1);
    format!("{head}ll{letter}")
}

/// Where `bytes` of a string's content are in the source `text` of its literals. `None` if
/// escapes with several digits, which may hide where they end, stand in front.
fn part_of_literal(text: &str, bytes: &Range<usize>) -> Option<(usize, usize)> {
    let source = text.as_bytes();
    let (mut at, mut n_bytes, mut is_inside) = (0, 0, false);
    let mut lo = None;
    while at < source.len() {
        if is_inside && n_bytes == bytes.start && lo.is_none() && source[at] != b'"' {
            lo = Some(at);
        }
        match (source[at], is_inside) {
            (b'"', _) => is_inside = !is_inside,
            (b'\\', true) => {
                let next = source.get(at + 1).copied()?;
                if next == b'x'
                    || next.is_ascii_digit()
                    || next == b'u'
                    || next == b'U'
                    || next == b'\n'
                {
                    return None;
                }
                at += 1;
                n_bytes += 1;
            }
            (_, true) => n_bytes += 1,
            (_, false) => {}
        }
        at += 1;
        if is_inside && n_bytes >= bytes.end && lo.is_some() {
            break;
        }
    }
    lo.map(|lo| (lo, at))
}

#[cfg(test)]
mod tests {
    use super::{Wants, conversions, part_of_literal};

    fn wants(format: &str) -> Option<Vec<Wants>> {
        let (found, bad) = conversions(format.as_bytes());
        bad.is_none().then(|| found.into_iter().map(|conversion| conversion.wants).collect())
    }

    #[test]
    fn what_the_kernel_takes() {
        use Wants::{Address, Char, Int, Ip, Str};
        assert_eq!(wants("100%% %d %5u %-8lx%lld"), Some(vec![Int(4), Int(4), Int(8), Int(8)]));
        assert_eq!(wants("%s, %c%pks %p %pK"), Some(vec![Str, Char, Str, Address, Address]));
        assert_eq!(wants("%pI4 %pi6\n"), Some(vec![Ip(4), Ip(16)]));
        for bad in
            ["%", "%o", "%hd", "%sx", "%.3s", "%*d", "%pM", "%#x", "é", "\x07", "%zu", "%lld%l"]
        {
            assert_eq!(wants(bad), None, "{bad}");
        }
    }

    #[test]
    fn places_in_literals() {
        assert_eq!(part_of_literal(r#""a %d""#, &(2..4)), Some((3, 5)));
        assert_eq!(part_of_literal(r#""\n" "%d""#, &(1..3)), Some((6, 8)));
        assert_eq!(part_of_literal(r#""\x41%d""#, &(1..3)), None);
        assert_eq!(part_of_literal(r#""%d""#, &(0..2)), Some((1, 3)));
    }
}
