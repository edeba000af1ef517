//! The flags: their names, codes and defaults.
//!
//! Names, groups and defaults are those of clang 19 (`clang -Wfoo`, "Diagnostic flags in
//! Clang"), where clang has the warning.

use crate::Code;
use crate::codes::{lex, types};

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
    flag("return-type", types::E0314, Default::Error),
];

/// Names that stand for several flags. A name that is a flag too means itself and these.
pub const GROUPS: &[(&str, &[&str])] = &[
    ("#warnings", &["cpp"]),
    ("pragmas", &["unknown-pragmas"]),
    ("attributes", &["unknown-attributes"]),
    ("overflow", &["constant-conversion"]),
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
    "bitfield-constant-conversion",
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
    "deprecated",
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
    "format-extra-args",
    "format-insufficient-args",
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
    "gnu-pointer-arith",
    "gnu-statement-expression",
    "gnu-statement-expression-from-macro-expansion",
    "gnu-variable-sized-type-not-at-end",
    "gnu-zero-variadic-macro-arguments",
    "ignored-attributes",
    "ignored-optimization-argument",
    "ignored-pragmas",
    "ignored-qualifiers",
    "implicit",
    "implicit-enum-enum-cast",
    "implicit-float-conversion",
    "implicit-int",
    "infinite-recursion",
    "init-self",
    "initializer-overrides",
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
    "maybe-uninitialized",
    "microsoft-anon-tag",
    "missing-attributes",
    "missing-braces",
    "missing-declarations",
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
    "override-init",
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
    "pointer-type-mismatch",
    "psabi",
    "redundant-decls",
    "reserved-id-macro",
    "reserved-identifier",
    "reserved-macro-identifier",
    "restrict",
    "return-local-addr",
    "return-mismatch",
    "return-stack-address",
    "scalar-storage-order",
    "section",
    "sequence-point",
    "shift-bool",
    "shift-op-parentheses",
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
    "tautological-compare",
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
    "unused-comparison",
    "unused-const-variable",
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
