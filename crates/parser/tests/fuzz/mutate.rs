//! Inputs: pieces of the repository's own C, changed token by token and byte by byte.

use bpfc_testkit::fuzz::Random;
use std::path::Path;

/// The longest input, in bytes, but for what nesting adds.
const MAX_INPUT: usize = 250;

/// Texts that programs are made of, and that break them.
const DICTIONARY: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ";",
    ",",
    ":",
    "?",
    "=",
    "*",
    "&",
    "&&",
    "||",
    "->",
    ".",
    "...",
    "#",
    "##",
    "\n#",
    "\n",
    "\\\n",
    "/*",
    "*/",
    "//",
    "\"",
    "'",
    "<:",
    ":>",
    "<%",
    "%>",
    "%:",
    "+",
    "-",
    "~",
    "!",
    "%",
    "<<=",
    ">>",
    "++",
    "--",
    "0",
    "1",
    "0x",
    "0b101",
    "1e",
    "1.5f",
    "08",
    "0xffffffffffffffffff",
    "18446744073709551615",
    "99999999999999999999999999",
    "1'000",
    "1e999999",
    "0x1p-3",
    "'\\777'",
    "'\\x'",
    "'ab'",
    "L'x'",
    "u8\"x\"",
    "\"\\",
    "\"\\u00e9\"",
    "int",
    "char",
    "long",
    "unsigned",
    "struct",
    "union",
    "enum",
    "typedef",
    "static",
    "extern",
    "inline",
    "const",
    "volatile",
    "void",
    "_Bool",
    "float",
    "double",
    "_Atomic",
    "_Atomic(",
    "_Alignas(8)",
    "_Alignof",
    "sizeof",
    "typeof(",
    "__typeof__",
    "__auto_type",
    "_Generic(",
    "_Static_assert(",
    "static_assert",
    "_Noreturn",
    "_Thread_local",
    "__int128",
    "__extension__",
    "__label__",
    "__attribute__((",
    "[[",
    "]]",
    "asm(",
    "asm volatile goto (",
    "default",
    "if (",
    "else",
    "while (",
    "do",
    "for (",
    "switch (",
    "case",
    "goto",
    "return",
    "break",
    "continue",
    "x",
    "y",
    "T",
    "f",
    "s",
    "M",
    "N",
    "__builtin_offsetof(",
    "__builtin_va_arg(",
    "__builtin_types_compatible_p(",
    "__func__",
    "__LINE__",
    "__FILE__",
    "__COUNTER__",
    "__VA_ARGS__",
    "__VA_OPT__(",
    "_Pragma(\"pack(1)\")",
    "defined",
    "__has_include(<h.h>)",
    "\n#define M ",
    "\n#define N(x) ",
    "\n#define N(x, ...) x ## __VA_ARGS__\n",
    "\n#define N(a...) #a a\n",
    "\n#undef M\n",
    "\n#if ",
    "\n#if 0\n",
    "\n#ifdef M\n",
    "\n#ifndef N\n",
    "\n#elif 1\n",
    "\n#else\n",
    "\n#endif\n",
    "\n#include <h.h>\n",
    "\n#include \"h.h\"\n",
    "\n#include_next <h.h>\n",
    "\n#line 7 \"x\"\n",
    "\n#error e\n",
    "\n#warning w\n",
    "\n#pragma once\n",
    "\n#pragma pack(push, 1)\n",
    "\n#pragma unroll 4\n",
    "\n#pragma GCC diagnostic ignored \"-Wx\"\n",
    "\n#pragma clang loop unroll(full)\n",
    "\n#pragma clang attribute push (__attribute__((packed)), apply_to = record)\n",
    "\n#pragma push_macro(\"M\")\n",
    "\n#pragma pop_macro(\"M\")\n",
    "\n#ident \"i\"\n",
    "\u{feff}",
    "\u{e9}",
    "\u{201c}",
    "\u{0}",
    "\u{1}",
    "\r",
    "\r\n",
    "\t",
    "\u{c}",
    "$",
    "@",
    "`",
];

/// What is mutated: the files of the repository and what did something new.
pub struct Corpus {
    seeds: Vec<Vec<u8>>,
    /// Seeds that come from files.
    n_files: usize,
}

impl Corpus {
    pub fn load() -> Self {
        let root = bpfc_testkit::workspace_root().expect("tests run in the workspace");
        let mut seeds = Vec::new();
        for folder in ["tests", "examples", "crates/kabi/headers"] {
            collect(&root.join(folder), &mut seeds);
        }
        assert!(seeds.len() > 50, "the repository has programs");
        let n_files = seeds.len();
        Self { seeds, n_files }
    }

    pub fn len(&self) -> usize {
        self.seeds.len() - self.n_files
    }

    pub fn add(&mut self, input: Vec<u8>) {
        self.seeds.push(input);
    }

    /// The next input.
    pub fn mutate(&self, random: &mut Random) -> Vec<u8> {
        let mut input = self.piece(random);
        if random.once_in(4) {
            // The header that `#include <h.h>` finds.
            if !random.once_in(5) {
                input.splice(0..0, *b"#include <h.h>\n");
            }
            input.extend_from_slice(super::check::HEADER_MARK);
            input.extend(self.piece(random));
        }
        for _ in 0..random.below(8) {
            self.change(&mut input, random);
        }
        if random.once_in(16) {
            change_bytes(&mut input, random);
        }
        if random.once_in(200) {
            nest(&mut input, random);
        }
        input
    }

    /// Some lines of a file, or an input that was kept.
    fn piece(&self, random: &mut Random) -> Vec<u8> {
        let is_kept = self.n_files < self.seeds.len() && random.once_in(2);
        let at = match is_kept {
            true => self.n_files + random.below(self.seeds.len() - self.n_files),
            false => random.below(self.n_files),
        };
        let seed = &self.seeds[at];
        let from = match random.once_in(3) {
            true => 0,
            false => {
                let from = random.below(seed.len());
                seed[..from].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1)
            }
        };
        let max = 20 + random.below(MAX_INPUT / 2);
        let rest = &seed[from..];
        let end = match rest.get(max..) {
            None => rest.len(),
            Some(tail) => max + tail.iter().position(|&byte| byte == b'\n').unwrap_or(0),
        };
        rest[..end.min(MAX_INPUT)].to_vec()
    }

    /// One change of tokens.
    fn change(&self, input: &mut Vec<u8>, random: &mut Random) {
        let tokens = tokens(input);
        let at = random.below(tokens.len());
        let range = tokens.get(at).cloned().unwrap_or(0..0);
        let n_more = [0, 0, 0, 1, 2, 5][random.below(6)];
        let last = (at + n_more).min(tokens.len().saturating_sub(1));
        let run = range.start..tokens.get(last).map_or(range.end, |token| token.end);
        match random.below(8) {
            0 => drop(input.drain(run)),
            1 => {
                let copy = input[run.clone()].to_vec();
                let n = if random.once_in(20) { 1 + random.below(40) } else { 1 };
                let copies = copy.repeat(n);
                input.splice(run.end..run.end, copies.into_iter().take(2000));
            }
            2 | 3 => {
                let word = random.pick(DICTIONARY).as_bytes();
                let spaced = [b" ", word, b" "].concat();
                input.splice(range.start..range.start, spaced);
            }
            4 => {
                let word = random.pick(DICTIONARY).as_bytes().to_vec();
                input.splice(range, word);
            }
            5 => {
                let other = tokens.get(random.below(tokens.len())).cloned().unwrap_or(0..0);
                let copy = input[other].to_vec();
                input.splice(run, copy);
            }
            6 => {
                let mut piece = self.piece(random);
                piece.truncate(random.below(120));
                input.splice(range.start..range.start, piece);
            }
            _ if random.once_in(4) => input.truncate(range.start),
            _ => {
                let copy = input[run.clone()].to_vec();
                let to = tokens.get(random.below(tokens.len())).map_or(0, |token| token.start);
                input.splice(to..to, copy);
            }
        }
        input.truncate(4 * MAX_INPUT);
    }
}

fn collect(folder: &Path, seeds: &mut Vec<Vec<u8>>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, seeds);
        } else if path.extension().is_some_and(|ext| ext == "c" || ext == "h")
            && let Ok(bytes) = std::fs::read(&path)
        {
            seeds.push(bytes);
        }
    }
}

/// Ranges of words, spaces and single other bytes.
fn tokens(input: &[u8]) -> Vec<std::ops::Range<usize>> {
    let class = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' => 1,
        b' ' | b'\t' => 2,
        0x80.. => 3,
        _ => 0,
    };
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < input.len() {
        let mut end = at + 1;
        while class(input[at]) != 0 && end < input.len() && class(input[end]) == class(input[at]) {
            end += 1;
        }
        tokens.push(at..end);
        at = end;
    }
    tokens
}

fn change_bytes(input: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(3) {
        let at = random.below(input.len() + 1);
        let byte = random.next() as u8;
        match random.below(3) {
            0 => input.insert(at, byte),
            1 if at < input.len() => input[at] = byte,
            _ if at < input.len() => drop(input.remove(at)),
            _ => input.push(byte),
        }
    }
}

/// Repeats one text many times in front of a place, and another behind it.
fn nest(input: &mut Vec<u8>, random: &mut Random) {
    const PAIRS: &[(&str, &str)] = &[
        ("(", ")"),
        ("{", "}"),
        ("[", "]"),
        ("({", "})"),
        ("struct {", "};"),
        ("-", ""),
        ("!", ""),
        ("*", ""),
        ("(int)", ""),
        ("if (1)", ""),
        ("x = ", ""),
        ("1 ? ", ": 1"),
        ("f(", ")"),
        ("a[", "]"),
        ("sizeof ", ""),
        ("case 1:", ""),
        ("do ", "while(0);"),
        ("#if 1\n", "#endif\n"),
        ("x:", ""),
        (".a", ""),
        ("+1", ""),
        ("\"s\" ", ""),
        ("int ", ""),
        ("__attribute__((", "))"),
        ("_Generic(1, int:", ")"),
        ("typeof(", ")"),
        ("\\\n", ""),
        ("/**/", ""),
        ("M(", ")"),
    ];
    let n = [3, 30, 300, 1000][random.below(4)];
    let (open, close) = *random.pick(PAIRS);
    let from = random.below(input.len() + 1);
    let to = from + random.below(input.len() - from + 1);
    input.splice(to..to, close.repeat(n).into_bytes());
    input.splice(from..from, open.repeat(n).into_bytes());
}
