//! The tests' assembly language, in which a mnemonic comes first (`add32 %r0, 1`), as the pseudo-C of our assembler.

use std::fmt::Write as _;

/// What a line cannot be: the mistake, with the line.
pub type Untranslatable = String;

/// Mnemonics of two operands and their operators; `32` behind one means the low halves.
const OPERATORS: [(&str, &str); 14] = [
    ("add", "+="),
    ("sub", "-="),
    ("mul", "*="),
    ("div", "/="),
    ("sdiv", "s/="),
    ("or", "|="),
    ("and", "&="),
    ("lsh", "<<="),
    ("rsh", ">>="),
    ("arsh", "s>>="),
    ("mod", "%="),
    ("smod", "s%="),
    ("xor", "^="),
    ("mov", "="),
];

/// Conditional jumps and their comparisons; `32` behind one means the low halves.
const COMPARISONS: [(&str, &str); 11] = [
    ("jeq", "=="),
    ("jne", "!="),
    ("jgt", ">"),
    ("jge", ">="),
    ("jlt", "<"),
    ("jle", "<="),
    ("jset", "&"),
    ("jsgt", "s>"),
    ("jsge", "s>="),
    ("jslt", "s<"),
    ("jsle", "s<="),
];

/// Loads, and the types that they read.
const LOADS: [(&str, &str); 7] = [
    ("ldxb", "u8"),
    ("ldxh", "u16"),
    ("ldxw", "u32"),
    ("ldxdw", "u64"),
    ("ldxsb", "s8"),
    ("ldxsh", "s16"),
    ("ldxsw", "s32"),
];

/// What the size letter of a store stands for.
const SIZES: [(&str, &str); 4] = [("b", "u8"), ("h", "u16"), ("w", "u32"), ("dw", "u64")];

/// The same program, line by line. The name `exit` stands for the first `exit`, as these tests want it.
pub fn translate(text: &str) -> Result<String, Untranslatable> {
    let mut output = String::new();
    let mut n_exits = 0;
    for line in text.lines() {
        let code = line.split('#').next().unwrap_or_default().trim();
        if code == "exit" {
            if n_exits == 0 {
                output += "at_exit:\n";
            }
            n_exits += 1;
        }
        let translated =
            statement(code).ok_or_else(|| format!("`{code}` is no instruction of RFC 9669"))?;
        // Writing to a string does not fail.
        let _ = writeln!(output, "{translated}");
    }
    Ok(output)
}

fn statement(code: &str) -> Option<String> {
    let (mnemonic, operands) = code.split_once(char::is_whitespace).unwrap_or((code, ""));
    let operands: Vec<&str> =
        operands.split(',').map(str::trim).filter(|operand| !operand.is_empty()).collect();
    match (mnemonic, operands.as_slice()) {
        ("", _) => Some(String::new()),
        ("exit", []) => Some("exit".into()),
        (label, []) => Some(format!("at_{}:", label.strip_suffix(':')?)),
        ("ja", [label]) => Some(format!("goto {}", target(label))),
        ("ja32", [label]) => Some(format!("gotol {}", target(label))),
        ("call", [callee]) => call(callee),
        ("lddw", [dst, value]) => Some(format!("{} = {value} ll", register(dst, 64)?)),
        ("lock", operands) => atomic(operands),
        (_, [dst]) => unary(mnemonic, dst),
        (_, [first, second]) => binary(mnemonic, first, second),
        (_, [dst, src, label]) => {
            let (name, bits) = width(mnemonic);
            let (dst, src) = (register(dst, bits)?, operand(src, bits)?);
            let comparison = find(&COMPARISONS, name)?;
            Some(format!("if {dst} {comparison} {src} goto {}", target(label)))
        }
        _ => None,
    }
}

/// A label, or a distance with its sign.
fn target(text: &str) -> String {
    if text.starts_with(['+', '-']) { text.into() } else { format!("at_{text}") }
}

fn call(callee: &str) -> Option<String> {
    match callee.split_once(' ') {
        Some(("local", label)) => Some(format!("call at_{}", label.trim())),
        Some(("helper", number)) => number.trim().parse().ok().map(|n: u32| format!("call {n}")),
        Some(_) => None,
        None => callee.parse().ok().map(|number: u32| format!("call {number}")),
    }
}

/// `neg`, and the byte orders.
fn unary(mnemonic: &str, dst: &str) -> Option<String> {
    if let ("neg", bits) = width(mnemonic) {
        let dst = register(dst, bits)?;
        return Some(format!("{dst} = -{dst}"));
    }
    let dst = register(dst, 64)?;
    let at = mnemonic.find(|c: char| c.is_ascii_digit())?;
    let (order, bits) = mnemonic.split_at(at);
    let word = match order {
        "le" | "be" => order,
        "swap" | "bswap" => "bswap",
        _ => return None,
    };
    Some(format!("{dst} = {word}{bits} {dst}"))
}

fn binary(mnemonic: &str, first: &str, second: &str) -> Option<String> {
    if let Some(ty) = find(&LOADS, mnemonic) {
        return Some(format!("{} = *({ty} *){}", register(first, 64)?, place(second)?));
    }
    if let Some(size) = mnemonic.strip_prefix("stx") {
        let ty = find(&SIZES, size)?;
        return Some(format!("*({ty} *){} = {}", place(first)?, register(second, 64)?));
    }
    if let Some(ty) = mnemonic.strip_prefix("st").and_then(|size| find(&SIZES, size)) {
        return Some(format!("*({ty} *){} = {}", place(first)?, number(second)?));
    }
    let (name, bits) = width(mnemonic);
    if let Some(from) = name.strip_prefix("movsx") {
        let from = from.strip_suffix("64").unwrap_or(from);
        return Some(format!("{} = (s{from}){}", register(first, bits)?, register(second, bits)?));
    }
    let operator = find(&OPERATORS, name)?;
    Some(format!("{} {operator} {}", register(first, bits)?, operand(second, bits)?))
}

/// `lock add32 [%r10-8], %r1`, `lock fetch …`.
fn atomic(operands: &[&str]) -> Option<String> {
    let [first, src] = operands else { return None };
    let (words, address) = first.split_at(first.find('[')?);
    let words: Vec<&str> = words.split_whitespace().collect();
    let (fetches, mnemonic) = match words[..] {
        ["fetch", mnemonic] => (true, mnemonic),
        [mnemonic] => (false, mnemonic),
        _ => return None,
    };
    let (name, bits) = width(mnemonic);
    let (src, r0, address) = (register(src, bits)?, register("%r0", bits)?, place(address)?);
    let pointer = format!("(u{bits} *){address}");
    let suffix = if bits == 64 { "_64" } else { "32_32" };
    let inner = address.trim_matches(['(', ')']);
    match name {
        "xchg" => Some(format!("{src} = xchg{suffix}({inner}, {src})")),
        "cmpxchg" => Some(format!("{r0} = cmpxchg{suffix}({inner}, {r0}, {src})")),
        _ if fetches => Some(format!("{src} = atomic_fetch_{name}({pointer}, {src})")),
        _ => Some(format!("lock *{pointer} {} {src}", find(&OPERATORS, name)?)),
    }
}

/// A mnemonic without its width, and the width.
fn width(mnemonic: &str) -> (&str, u32) {
    match mnemonic.strip_suffix("32") {
        Some(name) => (name, 32),
        None => (mnemonic, 64),
    }
}

fn find<'a>(table: &[(&str, &'a str)], name: &str) -> Option<&'a str> {
    table.iter().find(|(known, _)| *known == name).map(|(_, meaning)| *meaning)
}

fn register(text: &str, bits: u32) -> Option<String> {
    let number: u32 = text.strip_prefix("%r")?.parse().ok()?;
    Some(format!("{}{number}", if bits == 64 { 'r' } else { 'w' }))
}

fn operand(text: &str, bits: u32) -> Option<String> {
    if text.starts_with('%') { register(text, bits) } else { number(text) }
}

/// An immediate: hexadecimal ones are the bits of a signed number.
fn number(text: &str) -> Option<String> {
    let value = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok()? as i32,
        None => text.parse().ok()?,
    };
    Some(value.to_string())
}

/// `[%r1+0x2]` as `(r1 + 2)`.
fn place(text: &str) -> Option<String> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    let at = inner.find(['+', '-']).unwrap_or(inner.len());
    let (base, offset) = inner.split_at(at);
    let base = register(base.trim(), 64)?;
    let (sign, digits) = match offset.chars().next() {
        Some(sign) => (sign, &offset[1..]),
        None => ('+', "0"),
    };
    let value: u16 = match digits.strip_prefix("0x") {
        Some(hex) => u16::from_str_radix(hex, 16).ok()?,
        None => digits.parse().ok()?,
    };
    Some(format!("({base} {sign} {value})"))
}
