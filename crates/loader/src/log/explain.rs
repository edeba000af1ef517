//! The kernel's words in other words: what a verifier message means and what to do.

use super::parse::number_after;

/// A message explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Explanation {
    /// What is wrong, in the words of bpfc's diagnostics.
    pub message: String,
    /// What to do.
    pub help: Option<&'static str>,
}

/// Explains what the kernel says, if it is known.
pub(super) fn explain(messages: &[String]) -> Option<Explanation> {
    let all = messages.join("\n");
    let register = register_in(&all);
    let reg = register.as_deref().unwrap_or("the register");
    let number = |words| number_after(&all, words);
    let has = |words: &str| all.contains(words);
    let explained = |message: String, help| Some(Explanation { message, help });
    if has("_or_null'") {
        explained(
            format!("{reg} may be null here"),
            Some("compare the pointer with 0 before it is used"),
        )
    } else if has("invalid mem access 'scalar'") || has("invalid mem access 'inv'") {
        explained(
            format!("{reg} holds a number, not a pointer that may be dereferenced"),
            Some("kernel memory is read with `bpf_probe_read_kernel`"),
        )
    } else if has("!read_ok") {
        explained(format!("{reg} is read before it has a value"), None)
    } else if has("invalid access to packet") {
        let (off, size) = (number("off=").unwrap_or(0), number("size=").unwrap_or(0));
        explained(
            format!("no check shows that {size} bytes at offset {off} are inside the packet"),
            Some("compare the end of the access with `data_end` first"),
        )
    } else if has("invalid access to map value") {
        explained(outside("map value", number("value_size="), &all), BOUND)
    } else if has("invalid access to memory") || has("invalid access to mem") {
        explained(outside("memory", number("mem_size="), &all), BOUND)
    } else if has("invalid bpf_context access") {
        let (off, size) = (number("off=").unwrap_or(0), number("size=").unwrap_or(0));
        explained(
            format!("{size} bytes at offset {off} of the context may not be accessed like this"),
            None,
        )
    } else if let Some(helper) = quoted_helper(&all) {
        explained(
            format!("this program type may not call `{helper}`, or the kernel does not have it"),
            None,
        )
    } else if has("cannot call GPL-restricted function") {
        explained(
            "a helper reserved to GPL-compatible programs is called".into(),
            Some("add `char LICENSE[] SEC(\"license\") = \"GPL\";` if that is your license"),
        )
    } else {
        explain_control(&all, reg)
    }
}

const BOUND: Option<&str> = Some("check the index against the size first");

/// Messages about loops, sizes, references and results.
fn explain_control(all: &str, reg: &str) -> Option<Explanation> {
    let has = |words: &str| all.contains(words);
    let explained = |message: String, help| Some(Explanation { message, help });
    if has("back-edge from insn") || has("infinite loop detected") {
        explained("the loop has no bound that the kernel can see".into(), None)
    } else if has("unreachable insn") {
        explained("the instruction can never be reached".into(), None)
    } else if has("Unreleased reference") {
        explained(
            "a reference is not given back on every path".into(),
            Some("submit or discard a ring buffer record, release a socket"),
        )
    } else if has("BPF program is too large") || has("is too complex") {
        explained(
            "the program is too complex: the kernel gave up before it saw all paths".into(),
            None,
        )
    } else if has("combined stack size") || has("Too large") && has("stack") {
        explained("the functions together need more than 512 bytes of stack".into(), None)
    } else if has("read from stack") {
        explained(
            "stack memory is read that was not written".into(),
            Some("initialise the whole object, its padding too"),
        )
    } else if has("min value is negative") {
        explained(
            format!("{reg} may be negative"),
            Some("make it unsigned, or check that it is at least 0"),
        )
    } else if has("unbounded memory access") || has("unbounded min value") {
        explained(format!("{reg} has no upper bound that the kernel can see"), BOUND)
    } else if has("should have been in") {
        explained("the result may be outside the range that this program type returns".into(), None)
    } else if let (true, Some(found)) = (has(" expected="), word_after(all, "type=")) {
        let expected = word_after(all, "expected=").unwrap_or("something else");
        explained(format!("{reg} is {found} where {expected} is expected"), None)
    } else {
        None
    }
}

fn outside(what: &str, n_bytes: Option<u32>, all: &str) -> String {
    let number = |words| number_after(all, words);
    match (n_bytes, number(" off="), number(" size=")) {
        (Some(n_bytes), Some(off), Some(size)) => {
            format!("{size} bytes at offset {off} are outside the {what} of {n_bytes} bytes")
        }
        _ => format!("the access may be outside the {what}"),
    }
}

fn word_after<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(words)?;
    rest.split([' ', ',', '\n']).next()
}

/// The helper of `unknown func bpf_x#1` and `program of this type cannot use helper bpf_x#1`.
fn quoted_helper(text: &str) -> Option<&str> {
    let (_, rest) =
        (text.split_once("cannot use helper ")).or_else(|| text.split_once("unknown func "))?;
    rest.split('#').next().filter(|name| name.starts_with("bpf_"))
}

/// The first register that the text names, as diagnostics write it.
fn register_in(text: &str) -> Option<String> {
    let is_start = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    text.split(is_start).find_map(|word| {
        let number: u8 = word.strip_prefix('R')?.parse().ok()?;
        (number <= 10).then(|| format!("`r{number}`"))
    })
}

/// The numbers of the registers that the text names.
pub(super) fn registers_in(text: &str) -> Vec<u8> {
    let is_start = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    let numbers = text.split(is_start).filter_map(|word| word.strip_prefix('R')?.parse().ok());
    let mut numbers: Vec<u8> = numbers.filter(|number| *number <= 10).collect();
    numbers.dedup();
    numbers
}

/// The kernel's words as a message of ours: registers as they are written elsewhere.
pub(super) fn clean(message: &str) -> String {
    let mut cleaned = String::with_capacity(message.len());
    for (idx, word) in message.trim_end_matches('.').split(' ').enumerate() {
        if idx > 0 {
            cleaned.push(' ');
        }
        let plain = word.trim_end_matches([',', ':', ';']);
        let is_register = plain
            .strip_prefix('R')
            .is_some_and(|number| number.parse::<u8>().is_ok_and(|number| number <= 10));
        if is_register {
            cleaned.push_str(&format!("`r{}`{}", &plain[1..], &word[plain.len()..]));
        } else {
            cleaned.push_str(word);
        }
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Option<String> {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        explain(&lines).map(|explanation| explanation.message)
    }

    #[test]
    fn explains_known_messages() {
        let cases = [
            ("R0 invalid mem access 'map_value_or_null'", "`r0` may be null here"),
            (
                "invalid access to map value, value_size=8 off=8 size=4\nR1 min value is outside",
                "4 bytes at offset 8 are outside the map value of 8 bytes",
            ),
            (
                "invalid access to packet, off=14 size=20, R2(id=0,off=14,r=14)",
                "no check shows that 20 bytes at offset 14 are inside the packet",
            ),
            (
                "unknown func bpf_get_stack#67",
                "this program type may not call `bpf_get_stack`, or the kernel does not have it",
            ),
            ("R3 type=scalar expected=fp", "`r3` is scalar where fp is expected"),
            ("R4 !read_ok", "`r4` is read before it has a value"),
        ];
        for (kernel, ours) in cases {
            assert_eq!(message(kernel).as_deref(), Some(ours));
        }
        assert_eq!(message("something new"), None);
    }

    #[test]
    fn cleans_registers() {
        assert_eq!(clean("R1 offset, R2: is RAX."), "`r1` offset, `r2`: is RAX");
        assert_eq!(registers_in("R1 and R10, RX R11"), [1, 10]);
    }
}
