//! Where an argument of a marker is: `SIZE@OPERAND` in the assembler's syntax of the machine.
//!
//! Source: the note format of SystemTap's `sys/sdt.h`, version 3; operands as GCC and clang
//! print them for x86-64 (AT&T syntax) and arm64.

/// An argument: its type, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsdtArgument {
    /// The C type of its size and sign.
    pub ty: &'static str,
    /// 1, 2, 4 or 8.
    pub size_bytes: u32,
    /// Whether it is a signed number.
    pub is_signed: bool,
    /// Where it is.
    pub operand: UsdtOperand,
}

/// Where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsdtOperand {
    /// Nowhere: it is always this number.
    Number(i64),
    /// A member of `struct pt_regs`.
    Register(String),
    /// In memory, at the sum of all that.
    Memory {
        /// A member of `struct pt_regs`.
        base: String,
        /// Another, and by what it is multiplied.
        index: Option<(String, i64)>,
        /// Bytes.
        offset: i64,
    },
}

/// All arguments of a location; fails with the text of one that is not understood.
///
/// # Errors
/// That argument, as the compiler wrote it.
pub fn usdt_arguments(text: &str) -> Result<Vec<UsdtArgument>, String> {
    split(text).map(|word| argument(word).ok_or_else(|| word.to_owned())).collect()
}

/// Arguments are separated by blanks, of which operands of arm64 have some as well: `[sp, 12]`.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_i32;
    let is_separator = move |c: char| {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth -= 1,
            _ => {}
        }
        c.is_ascii_whitespace() && depth == 0
    };
    text.split(is_separator).filter(|word| !word.is_empty())
}

fn argument(word: &str) -> Option<UsdtArgument> {
    let (size, operand) = word.split_once('@').unwrap_or(("8", word));
    // `8f` is a floating number, which is in no register that BPF sees.
    let (ty, size_bytes, is_signed) = match size {
        "1" => ("unsigned char", 1, false),
        "-1" => ("signed char", 1, true),
        "2" => ("unsigned short", 2, false),
        "-2" => ("short", 2, true),
        "4" => ("unsigned int", 4, false),
        "-4" => ("int", 4, true),
        "8" => ("unsigned long long", 8, false),
        "-8" => ("long long", 8, true),
        _ => return None,
    };
    let operand = operand_of(operand)?;
    Some(UsdtArgument { ty, size_bytes, is_signed, operand })
}

fn operand_of(text: &str) -> Option<UsdtOperand> {
    if let Some(number) = text.strip_prefix('$') {
        return number_of(number).map(UsdtOperand::Number);
    }
    if let Some(inner) = text.strip_prefix('[') {
        let inner = inner.strip_suffix(']')?;
        let (base, offset) = inner.split_once(',').unwrap_or((inner, "0"));
        let offset = number_of(offset.trim().trim_start_matches('#'))?;
        return Some(UsdtOperand::Memory {
            base: arm64_register(base.trim())?,
            index: None,
            offset,
        });
    }
    if let Some((offset, inner)) = text.split_once('(') {
        let mut parts = inner.strip_suffix(')')?.split(',').map(str::trim);
        let base = x86_register(parts.next()?)?;
        let index = match parts.next() {
            None => None,
            Some(index) => {
                let scale = parts.next().map_or(Some(1), number_of)?;
                Some((x86_register(index)?, scale))
            }
        };
        let offset = if offset.is_empty() { 0 } else { number_of(offset)? };
        return Some(UsdtOperand::Memory { base, index, offset });
    }
    if text.starts_with('%') {
        return x86_register(text).map(UsdtOperand::Register);
    }
    number_of(text)
        .map(UsdtOperand::Number)
        .or_else(|| arm64_register(text).map(UsdtOperand::Register))
}

fn number_of(text: &str) -> Option<i64> {
    let (digits, is_negative) = match text.strip_prefix('-') {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    let value = match digits.strip_prefix("0x") {
        Some(hex) => i128::from_str_radix(hex, 16).ok()?,
        None => digits.parse::<i128>().ok()?,
    };
    i64::try_from(if is_negative { -value } else { value }).ok()
}

/// The member of `struct pt_regs` that holds a register, whatever part of it is named.
fn x86_register(text: &str) -> Option<String> {
    let name = text.strip_prefix('%')?;
    // `%r8` to `%r15`, their halves `%r8d`, `%r8w`, `%r8b`.
    if let Some(rest) = name.strip_prefix('r')
        && rest.starts_with(|c: char| c.is_ascii_digit())
    {
        let digits = rest.trim_end_matches(['d', 'w', 'b']);
        let number: u32 = digits.parse().ok()?;
        return (8..16).contains(&number).then(|| format!("r{number}"));
    }
    let name = name.strip_prefix(['r', 'e']).unwrap_or(name);
    const NAMES: [&[&str]; 8] = [
        &["ax", "al", "ah"],
        &["bx", "bl", "bh"],
        &["cx", "cl", "ch"],
        &["dx", "dl", "dh"],
        &["si", "sil"],
        &["di", "dil"],
        &["bp", "bpl"],
        &["sp", "spl"],
    ];
    // The high byte of a word is another value than its low one.
    let found = NAMES.iter().find(|names| names.contains(&name))?;
    (!name.ends_with('h')).then(|| found[0].to_owned())
}

fn arm64_register(text: &str) -> Option<String> {
    match text {
        "sp" => return Some("sp".into()),
        "xzr" | "wzr" => return None,
        _ => {}
    }
    let number: u32 = text.strip_prefix(['x', 'w'])?.parse().ok()?;
    (number < 31).then(|| format!("regs[{number}]"))
}

#[cfg(test)]
mod tests {
    use super::{UsdtOperand as Operand, usdt_arguments as parse};

    fn operands(text: &str) -> Vec<(&'static str, Operand)> {
        let arguments = parse(text).expect("a good text");
        arguments.into_iter().map(|argument| (argument.ty, argument.operand)).collect()
    }

    fn memory(base: &str, index: Option<(&str, i64)>, offset: i64) -> Operand {
        let index = index.map(|(name, scale)| (name.to_owned(), scale));
        Operand::Memory { base: base.into(), index, offset }
    }

    #[test]
    fn operands_of_x86() {
        let found = operands("-4@%edi 8@-8(%rbp) 4@$7 1@%sil 8@(%r10,%rbx,8) 2@%r9w");
        let expected = vec![
            ("int", Operand::Register("di".into())),
            ("unsigned long long", memory("bp", None, -8)),
            ("unsigned int", Operand::Number(7)),
            ("unsigned char", Operand::Register("si".into())),
            ("unsigned long long", memory("r10", Some(("bx", 8)), 0)),
            ("unsigned short", Operand::Register("r9".into())),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn operands_of_arm64() {
        let found = operands("-4@x3 8@[sp, 12] 4@5 8@[x29, -8]");
        let expected = vec![
            ("int", Operand::Register("regs[3]".into())),
            ("unsigned long long", memory("sp", None, 12)),
            ("unsigned int", Operand::Number(5)),
            ("unsigned long long", memory("regs[29]", None, -8)),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn others_are_named() {
        assert_eq!(parse("4@%eax 8f@%xmm0"), Err("8f@%xmm0".into()));
        assert_eq!(parse("8@symbol(%rip)"), Err("8@symbol(%rip)".into()));
        assert_eq!(parse("1@%ah"), Err("1@%ah".into()));
        assert_eq!(parse(""), Ok(vec![]));
    }
}
