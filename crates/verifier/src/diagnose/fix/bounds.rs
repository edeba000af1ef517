//! Indices, offsets and sizes that are compared with a bound.

use super::super::Writer;
use super::super::source::{argument_of, base_name, is_identifier};
use super::super::text::{open_of, words};
use super::{Fix, Spot, is_repeatable};
use crate::discharge::proto_of;
use crate::fault::FaultKind;
use crate::state::{Kind, Value};
use bpfc_isa::Reg;
use bpfc_kabi::{ArgKind, helper_by_id};

/// A subscript in an expression.
pub struct Subscript<'e> {
    /// What has elements.
    pub array: &'e str,
    /// Which one.
    pub idx: &'e str,
}

impl Writer<'_, '_> {
    /// Leaves the function where the index is too large.
    pub(super) fn bound_index(&self) -> Option<Fix> {
        let FaultKind::OutOfBounds { min, max, n_bytes, size, .. } = &self.found.fault.kind else {
            return None;
        };
        let spot = self.here()?;
        if min == max {
            return None;
        }
        let Some(subscript) = variable_subscript(&self.site.text) else {
            return self.bound_offset();
        };
        let limit = match self.count_of(&spot, subscript.array) {
            Some(count) => count,
            None => {
                let rest = size.checked_sub(u64::try_from(*min).unwrap_or(0))?;
                (rest / (*n_bytes).max(1)).to_string()
            }
        };
        self.bound(&spot, subscript.idx, "index", |idx| format!("{idx} >= {limit}"))
    }

    /// Ends a counting loop where the array ends.
    pub(super) fn bound_loop(&self) -> Option<Fix> {
        let spot = self.here().filter(|spot| !spot.is_macro)?;
        let subscript = variable_subscript(&self.site.text)?;
        let count = self.count_of(&spot, subscript.array)?;
        let header = loop_header(&spot)?;
        let text = spot.code.slice(header.clone());
        let condition = text.split(';').nth(1)?;
        let start = header.start + (condition.as_ptr() as usize - text.as_ptr() as usize);
        let (name, bound) = condition.split_once('<')?;
        let bound = bound.strip_prefix('=').unwrap_or(bound).trim();
        let is_constant =
            bound.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_');
        if name.trim() != subscript.idx || !is_constant || bound.is_empty() {
            return None;
        }
        let replacement = format!(" {} < {count}", subscript.idx);
        Some(Fix {
            text: "end the loop where the array ends".to_owned(),
            edits: vec![spot.edit(start, start + condition.len(), replacement)],
        })
    }

    /// The number of elements, in C, of what is an array and no pointer.
    fn count_of(&self, spot: &Spot, array: &str) -> Option<String> {
        let is_array = array.contains("->") || array.contains('.') || spot.code.is_array(array);
        is_array.then(|| format!("sizeof({array}) / sizeof({array}[0])"))
    }

    /// Leaves the function where the number added to a pointer is too large.
    pub(super) fn bound_offset(&self) -> Option<Fix> {
        let spot = self.here()?;
        let expr = &self.site.text;
        let value = &self.found.fault.value;
        if let Some(subscript) = variable_subscript(expr)
            && let Some(count) = self.count_of(&spot, subscript.array)
        {
            return self.bound(&spot, subscript.idx, "index", |idx| format!("{idx} >= {count}"));
        }
        let operand = match (variable_subscript(expr), top_level_plus(expr)) {
            (Some(subscript), _) => subscript.idx,
            (None, Some(at)) => expr[at + 1..].trim_start_matches('=').trim(),
            (None, None) => return None,
        };
        let operand = bare(operand);
        let n_bytes = match &self.found.fault.kind {
            FaultKind::OutOfBounds { n_bytes, .. } => *n_bytes,
            _ => 1,
        };
        let limit = match value.kind {
            // Room for what is behind it below the largest packet.
            Kind::Packet => 0x7fff,
            _ => self.size_behind(value)?.checked_sub(n_bytes)?,
        };
        self.bound(&spot, operand, "offset", |name| match name == operand {
            true => format!("(__u64){name} > {limit}"),
            false => format!("{name} > {limit}"),
        })
    }

    /// Leaves the function where the size does not fit the memory.
    pub(super) fn bound_size(&self, helper: u32, idx: usize) -> Option<Fix> {
        let spot = self.here()?;
        let helper = helper_by_id(helper)?;
        let size = bare(argument_of(&self.site.text, helper.name, idx)?);
        let memory = argument_of(&self.site.text, helper.name, idx.checked_sub(1)?)?;
        let arg = proto_of(self.program, helper).args.get(idx)?;
        let state = self.replay.last.as_ref()?;
        let number = &state.reg(*Reg::ARGS.get(idx)?).number;
        if number.as_constant().is_some() {
            return None;
        }
        let name = without_casts(memory).trim_start_matches('&').trim();
        let known = self.size_behind(state.reg(Reg::ARGS[idx - 1]));
        let is_array = is_identifier(name) && spot.code.is_array(name);
        let limit = match (is_array, known) {
            (true, _) => format!("sizeof({name})"),
            (false, Some(known)) => known.to_string(),
            (false, None) => return None,
        };
        let may_be_zero =
            matches!(arg.kind, ArgKind::ConstSize) && (number.smin <= 0 || number.umin == 0);
        let only_zero = known.is_some_and(|known| number.smin >= 0 && number.umax <= known)
            || is_array
                && known.is_none()
                && matches!(
                    self.found.fault.kind,
                    FaultKind::Argument(_, crate::fault::ArgFault::ZeroSize)
                )
                && number.umax < 1 << 16;
        // The comparison is of the number that is passed, which is narrower for most helpers.
        let param = helper.signature.params.get(idx);
        let is_narrow = param.is_some_and(|param| param.ty.to_string().contains("32"));
        let is_signed = is_narrow && spot.code.is_signed(&spot.function, size);
        self.bound(&spot, size, "size", |size| {
            let compared = match is_signed {
                true => format!("(__u32){size}"),
                false => size.to_owned(),
            };
            match (may_be_zero, only_zero) {
                (true, true) => format!("{size} == 0"),
                (true, false) => format!("{size} == 0 || {compared} > {limit}"),
                _ => format!("{compared} > {limit}"),
            }
        })
    }

    /// How many bytes there are behind a pointer; not for the stack, where they are those of all variables.
    fn size_behind(&self, value: &Value) -> Option<u64> {
        let size = match value.kind {
            Kind::MapValue(map) => u64::from(self.program.maps[map].value_bytes),
            Kind::Mem { size_bytes, .. } => size_bytes.into(),
            _ => return None,
        };
        size.checked_sub(u64::try_from(value.off).ok()?)
    }

    /// Leaves the function under a condition on `expr`, which becomes a variable if it is more than a name.
    fn bound(
        &self,
        spot: &Spot,
        expr: &str,
        noun: &str,
        condition: impl Fn(&str) -> String,
    ) -> Option<Fix> {
        let text = format!("leave the function if the {noun} is out of range");
        if is_repeatable(expr) && !expr.contains("->") {
            let statement = spot.statement()?;
            let before = spot.code.slice(spot.function.header.start..statement.range.start);
            words(before, base_name(expr)?).next()?;
            let edits = spot.insert(&spot.leave_if(&condition(expr)))?;
            return Some(Fix { text, edits });
        }
        // Evaluated once: what is checked is what is used.
        let raw = &spot.text[spot.at..spot.end];
        let mut places = raw.match_indices(expr);
        let (at, None) = (places.next()?.0, places.next()) else {
            return None;
        };
        let name = spot.fresh_name(noun);
        let mut lines = vec![format!("__u64 {name} = {expr};")];
        lines.extend(spot.leave_if(&condition(&name)));
        let mut edits = spot.insert(&lines)?;
        edits.push(spot.edit(spot.at + at, spot.at + at + expr.len(), name));
        Some(Fix { text, edits })
    }
}

/// The header of the innermost `for` around a place.
pub fn loop_header(spot: &Spot) -> Option<std::ops::Range<usize>> {
    let body = spot.code.slice(spot.function.body.clone());
    let found = words(body, "for").filter_map(|at| {
        let keyword = spot.function.body.start + at;
        let end = spot.code.behind_parentheses(keyword + "for".len())?;
        let start = spot.code.skip_space(keyword + "for".len());
        (start < spot.at).then_some(start + 1..end - 1)
    });
    found.last()
}

/// The last subscript that is no constant.
pub fn variable_subscript(expr: &str) -> Option<Subscript<'_>> {
    let mut end = expr.len();
    while let Some(close) = expr[..end].rfind(']') {
        let open = open_of(&expr[..=close])?;
        let idx = expr[open + 1..close].trim();
        let is_constant =
            idx.bytes().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase() || c == b'_');
        if !is_constant {
            let before = &expr[..open];
            let is_part = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '>');
            let n_bytes: usize = before.chars().rev().take_while(is_part).map(char::len_utf8).sum();
            let start = before.len() - n_bytes;
            let array = before[start..].trim_start_matches(['-', '>', '.']);
            return (!array.is_empty()).then_some(Subscript { array, idx });
        }
        end = open;
    }
    None
}

/// Where the last `+` at the top is that adds.
fn top_level_plus(expr: &str) -> Option<usize> {
    let mut depth = 0;
    let mut found = None;
    for (at, c) in expr.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '+' if depth == 0 && !expr[at + 1..].starts_with('+') && !expr[..at].ends_with('+') => {
                found = Some(at);
            }
            _ => {}
        }
    }
    found
}

/// An operand without the brackets around it.
fn bare(expr: &str) -> &str {
    let mut expr = expr.trim();
    while let Some(inner) = expr.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        if open_of(expr) != Some(0) {
            break;
        }
        expr = inner.trim();
    }
    expr
}

/// `p` of `(void *)p`.
pub fn without_casts(expr: &str) -> &str {
    let mut expr = bare(expr);
    while expr.starts_with('(') {
        let Some(len) = super::super::text::split_parentheses(expr) else {
            return expr;
        };
        if len == expr.len() {
            return expr;
        }
        expr = bare(&expr[len..]);
    }
    expr
}
