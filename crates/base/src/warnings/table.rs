//! The flags: their names, codes and defaults.
//!
//! Names, groups and defaults are those of clang 19 (`clang -Wfoo`, "Diagnostic flags in
//! Clang"), where clang has the warning.

use crate::Code;
use crate::codes::{bpf, lex, object, types, verifier};

/// A flag: `unused-variable` of `-Wunused-variable`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flag(pub(super) u16);

/// What is known of a flag.
#[derive(Clone, Copy, Debug)]
pub struct FlagInfo {
    /// Behind `-W`.
    pub name: &'static str,
    /// The code of what it controls. Several flags may share one.
    pub code: Code,
    /// When it is on.
    pub default: Default,
}

/// When a warning is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Default {
    /// Always, as an error: `-Wno-error=NAME` makes it a warning.
    Error,
    /// Unless it is switched off.
    On,
    /// With `-Wall`.
    All,
    /// With `-Wextra`.
    Extra,
    /// With `-Wpedantic`.
    Pedantic,
    /// When asked for by name.
    Off,
}

const fn flag(name: &'static str, code: Code, default: Default) -> FlagInfo {
    FlagInfo { name, code, default }
}

/// Every flag. The first of a code is what diagnostics of that code have.
pub const FLAGS: &[FlagInfo] = &[
    // Preprocessor.
    flag("macro-redefined", lex::W0101, Default::On),
    flag("unknown-pragmas", lex::W0102, Default::On),
    flag("cpp", lex::W0103, Default::On),
    flag("undef", lex::W0104, Default::Off),
    flag("unknown-warning-option", lex::W0105, Default::On),
    flag("unused-command-line-argument", lex::W0106, Default::On),
    // Types and conversions.
    flag("constant-conversion", types::W0301, Default::On),
    flag("incompatible-pointer-types", types::W0302, Default::On),
    flag("unknown-attributes", types::W0303, Default::On),
    flag("int-conversion", types::E0303, Default::Error),
    flag("implicit-function-declaration", types::E0321, Default::Error),
    flag("return-type", types::W0350, Default::On),
    flag("unused-variable", types::W0304, Default::All),
    flag("unused-const-variable", types::W0304, Default::Off),
    flag("unused-function", types::W0305, Default::All),
    flag("unused-parameter", types::W0306, Default::Extra),
    flag("unused-label", types::W0307, Default::All),
    flag("unused-but-set-variable", types::W0308, Default::All),
    flag("unused-but-set-parameter", types::W0308, Default::Extra),
    flag("unused-value", types::W0309, Default::On),
    flag("unused-comparison", types::W0309, Default::On),
    flag("shadow", types::W0310, Default::Off),
    flag("sign-compare", types::W0311, Default::Extra),
    flag("format", types::W0312, Default::On),
    flag("format-extra-args", types::W0312, Default::On),
    flag("format-insufficient-args", types::W0312, Default::On),
    flag("unreachable-code", types::W0313, Default::Off),
    flag("implicit-int-conversion", types::W0314, Default::Off),
    flag("shorten-64-to-32", types::W0315, Default::Off),
    flag("sign-conversion", types::W0316, Default::Off),
    flag("uninitialized", verifier::E0701, Default::Error),
    flag("sometimes-uninitialized", types::W0317, Default::All),
    flag("conditional-uninitialized", types::W0318, Default::Off),
    flag("parentheses", types::W0319, Default::On),
    flag("logical-op-parentheses", types::W0319, Default::All),
    flag("bitwise-op-parentheses", types::W0319, Default::All),
    flag("shift-op-parentheses", types::W0319, Default::On),
    flag("dangling-else", types::W0320, Default::On),
    flag("logical-not-parentheses", types::W0321, Default::On),
    flag("implicit-fallthrough", types::W0322, Default::Off),
    flag("switch", types::W0323, Default::On),
    flag("switch-enum", types::W0323, Default::Off),
    flag("missing-prototypes", types::W0324, Default::Off),
    flag("incompatible-pointer-types-discards-qualifiers", types::W0325, Default::On),
    flag("pointer-sign", types::W0326, Default::On),
    flag("compare-distinct-pointer-types", types::W0327, Default::On),
    flag("pointer-integer-compare", types::W0327, Default::On),
    flag("pointer-type-mismatch", types::W0302, Default::On),
    flag("tautological-compare", types::W0328, Default::On),
    flag("tautological-constant-out-of-range-compare", types::W0328, Default::On),
    flag("shift-count-overflow", types::W0329, Default::On),
    flag("shift-count-negative", types::W0329, Default::On),
    flag("division-by-zero", types::W0330, Default::On),
    flag("array-bounds", types::W0331, Default::On),
    flag("empty-body", types::W0332, Default::On),
    flag("address-of-packed-member", types::W0333, Default::On),
    flag("pointer-arith", types::W0334, Default::Pedantic),
    flag("misleading-indentation", types::W0335, Default::All),
    flag("comma", types::W0336, Default::Off),
    flag("integer-overflow", types::W0337, Default::On),
    flag("deprecated-declarations", types::W0338, Default::On),
    flag("unused-result", types::W0339, Default::On),
    flag("strict-prototypes", types::W0340, Default::Off),
    flag("self-assign", types::W0341, Default::All),
    flag("sizeof-pointer-memaccess", types::W0342, Default::On),
    flag("constant-logical-operand", types::W0343, Default::On),
    flag("initializer-overrides", types::W0344, Default::Extra),
    flag("return-stack-address", types::W0345, Default::On),
    flag("visibility", types::W0346, Default::On),
    // BPF.
    flag("bpf-format", bpf::W0401, Default::On),
    flag("bpf-section", bpf::W0407, Default::On),
    flag("bpf-map", bpf::W0408, Default::On),
    flag("bpf-memory-order", bpf::W0409, Default::On),
    flag("padding-leak", verifier::W0701, Default::Extra),
    flag("unchecked-probe-read", verifier::W0702, Default::Off),
    flag("unchecked-update", verifier::W0703, Default::Off),
    flag("race", verifier::W0704, Default::All),
    flag("unused-map", verifier::W0705, Default::All),
    flag("printk-hot-path", verifier::W0706, Default::Extra),
    flag("endian-compare", verifier::W0707, Default::On),
    flag("undefined-symbol", object::W0803, Default::On),
];

/// Names that stand for several flags. A name that is a flag too means itself and these.
pub const GROUPS: &[(&str, &[&str])] = &[
    ("#warnings", &["cpp"]),
    ("pragmas", &["unknown-pragmas"]),
    ("attributes", &["unknown-attributes"]),
    ("ignored-attributes", &["unknown-attributes"]),
    ("overflow", &["constant-conversion", "integer-overflow"]),
    ("unused", UNUSED),
    ("conversion", CONVERSIONS),
    ("bitfield-constant-conversion", &["constant-conversion"]),
    ("implicit-int-conversion", &["shorten-64-to-32"]),
    ("format", &["format-extra-args", "format-insufficient-args", "bpf-format"]),
    ("uninitialized", &["sometimes-uninitialized"]),
    ("maybe-uninitialized", &["sometimes-uninitialized"]),
    ("parentheses", PARENTHESES),
    ("implicit", &["implicit-function-declaration"]),
    ("incompatible-pointer-types", &["incompatible-pointer-types-discards-qualifiers"]),
    ("discarded-qualifiers", &["incompatible-pointer-types-discards-qualifiers"]),
    ("tautological-compare", &["tautological-constant-out-of-range-compare"]),
    ("div-by-zero", &["division-by-zero"]),
    ("gnu-pointer-arith", &["pointer-arith"]),
    ("deprecated", &["deprecated-declarations"]),
    ("override-init", &["initializer-overrides"]),
    ("return-local-addr", &["return-stack-address"]),
    ("shadow-all", &["shadow"]),
    ("unreachable-code-aggressive", &["unreachable-code"]),
];

const UNUSED: &[&str] = &[
    "unused-variable",
    "unused-function",
    "unused-label",
    "unused-but-set-variable",
    "unused-value",
    "unused-comparison",
    "unused-result",
];

const CONVERSIONS: &[&str] =
    &["constant-conversion", "implicit-int-conversion", "shorten-64-to-32", "sign-conversion"];

const PARENTHESES: &[&str] = &[
    "logical-op-parentheses",
    "bitwise-op-parentheses",
    "shift-op-parentheses",
    "dangling-else",
    "logical-not-parentheses",
];

impl Flag {
    /// The flag called `name`.
    pub fn find(name: &str) -> Option<Flag> {
        let at = FLAGS.iter().position(|info| info.name == name)?;
        Some(Flag(at as u16))
    }

    /// The flag of diagnostics of `code`.
    pub fn of_code(code: Code) -> Option<Flag> {
        let at = FLAGS.iter().position(|info| info.code == code)?;
        // Errors get their flags one by one: only some reports of a code can be switched off.
        (FLAGS[at].default != Default::Error).then_some(Flag(at as u16))
    }

    /// What is known of it.
    pub fn info(self) -> &'static FlagInfo {
        &FLAGS[self.0 as usize]
    }

    /// Behind `-W`.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// All flags.
    pub fn all() -> impl Iterator<Item = Flag> {
        (0..FLAGS.len() as u16).map(Flag)
    }
}

impl std::fmt::Debug for Flag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "-W{}", self.name())
    }
}

/// Flags of clang and GCC that exist in people's Makefiles and control nothing here. They are
/// taken without a word.
pub(super) const ACCEPTED: &[&str] = &[
    "abi",
    "absolute-value",
    "address",
    "aggregate-return",
    "alloca",
    "array-parameter",
    "atomic-alignment",
    "array-compare",
    "bad-function-cast",
    "bitwise-instead-of-logical",
    "bool-compare",
    "bool-conversion",
    "bounded-strings",
    "builtin-declaration-mismatch",
    "builtin-macro-redefined",
    "builtin-requires-header",
    "c11-extensions",
    "c++-compat",
    "c99-c11-compat",
    "c99-extensions",
    "c23-extensions",
    "cast-align",
    "cast-function-type",
    "cast-function-type-strict",
    "cast-qual",
    "char-subscripts",
    "clobbered",
    "compound-token-split",
    "conditional-type-mismatch",
    "coverage-mismatch",
    "dangling-pointer",
    "date-time",
    "declaration-after-statement",
    "default-const-init-unsafe",
    "deprecated-non-prototype",
    "designated-init",
    "disabled-optimization",
    "documentation",
    "double-promotion",
    "duplicate-decl-specifier",
    "duplicated-branches",
    "duplicated-cond",
    "enum-compare",
    "enum-compare-conditional",
    "enum-conversion",
    "enum-enum-conversion",
    "expansion-to-defined",
    "extern-initializer",
    "fatal-errors",
    "flexible-array-extensions",
    "float-conversion",
    "float-equal",
    "format-invalid-specifier",
    "format-nonliteral",
    "format-overflow",
    "format-overflow-non-kprintf",
    "format-security",
    "format-signedness",
    "format-truncation",
    "format-truncation-non-kprintf",
    "format-y2k",
    "format-zero-length",
    "four-char-constants",
    "frame-address",
    "frame-larger-than",
    "gcc-compat",
    "gnu",
    "gnu-alignof-expression",
    "gnu-binary-literal",
    "gnu-empty-initializer",
    "gnu-empty-struct",
    "gnu-flexible-array-initializer",
    "gnu-folding-constant",
    "gnu-statement-expression",
    "gnu-statement-expression-from-macro-expansion",
    "gnu-variable-sized-type-not-at-end",
    "gnu-zero-variadic-macro-arguments",
    "ignored-optimization-argument",
    "ignored-pragmas",
    "ignored-qualifiers",
    "implicit-enum-enum-cast",
    "implicit-float-conversion",
    "implicit-int",
    "infinite-recursion",
    "init-self",
    "inline",
    "inline-asm",
    "int-in-bool-context",
    "int-to-pointer-cast",
    "int-to-void-pointer-cast",
    "invalid-pch",
    "invalid-source-encoding",
    "jump-misses-init",
    "keyword-macro",
    "language-extension-token",
    "larger-than",
    "logical-op",
    "long-long",
    "microsoft-anon-tag",
    "missing-attributes",
    "missing-braces",
    "missing-declarations",
    "missing-field-initializers",
    "missing-format-attribute",
    "missing-include-dirs",
    "missing-noreturn",
    "missing-parameter-type",
    "missing-variable-declarations",
    "multichar",
    "multistatement-macros",
    "nested-anon-types",
    "nested-externs",
    "newline-eof",
    "nonnull",
    "nonnull-compare",
    "null-character",
    "null-dereference",
    "null-pointer-arithmetic",
    "null-pointer-subtraction",
    "old-style-declaration",
    "old-style-definition",
    "option-ignored",
    "override-init-side-effects",
    "overlength-strings",
    "overriding-option",
    "packed",
    "packed-not-aligned",
    "padded",
    "pass-failed",
    "pedantic-ms-format",
    "pointer-bool-conversion",
    "pointer-compare",
    "pointer-to-enum-cast",
    "pointer-to-int-cast",
    "psabi",
    "redundant-decls",
    "reserved-id-macro",
    "reserved-identifier",
    "reserved-macro-identifier",
    "restrict",
    "return-mismatch",
    "scalar-storage-order",
    "section",
    "sequence-point",
    "shift-bool",
    "shift-overflow",
    "shift-sign-overflow",
    "single-bit-bitfield-constant-conversion",
    "sizeof-array-argument",
    "sizeof-array-div",
    "sizeof-pointer-div",
    "stack-protector",
    "stack-usage",
    "static-in-inline",
    "strict-aliasing",
    "strict-flex-arrays",
    "strict-overflow",
    "strict-selector-match",
    "string-compare",
    "string-conversion",
    "string-plus-int",
    "stringop-overflow",
    "stringop-overread",
    "stringop-truncation",
    "suggest-attribute=noreturn",
    "suggest-attribute=pure",
    "sync-nand",
    "synth",
    "system-headers",
    "tautological-constant-compare",
    "tautological-pointer-compare",
    "tautological-type-limit-compare",
    "tautological-undefined-compare",
    "trampolines",
    "traditional",
    "trigraphs",
    "type-limits",
    "typedef-redefinition",
    "unaligned-access",
    "undefined-internal",
    "unguarded-availability",
    "uninitialized-const-reference",
    "unneeded-internal-declaration",
    "unreachable-code-break",
    "unreachable-code-return",
    "unsafe-buffer-usage",
    "unsafe-loop-optimizations",
    "unsuffixed-float-constants",
    "unused-getter-return-value",
    "unused-local-typedefs",
    "unused-macros",
    "used-but-marked-unused",
    "variadic-macros",
    "vector-operation-performance",
    "visibility",
    "vla",
    "vla-larger-than",
    "vla-parameter",
    "volatile-register-var",
    "write-strings",
    "xor-used-as-pow",
    "zero-as-null-pointer-constant",
    "zero-length-array",
    "zero-length-bounds",
];
