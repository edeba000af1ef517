//! The registry of diagnostic codes. `E` and `W` with four digits, a block per stage;
//! append-only. Each code has its page in `docs/codes`.

use crate::diagnostic::Severity;

/// A registered code, for instance `E0301`. Compare and print it; its page explains it.
#[derive(Clone, Copy)]
pub struct Code(pub(crate) &'static CodeInfo);

/// What the registry knows of a code.
#[derive(Debug)]
pub struct CodeInfo {
    /// `E0301` or `W0301`.
    pub name: &'static str,
    /// The kind of mistake in a few words: the title of the code's page.
    pub title: &'static str,
}

/// What remarks have in the place of a code. It is not registered: they are no mistakes, and no
/// page explains them.
pub(crate) const REMARK: Code = Code(&CodeInfo { name: "remark", title: "what the optimiser did" });

impl Code {
    /// `E0301`.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// The kind of mistake in a few words.
    pub fn title(self) -> &'static str {
        self.0.title
    }

    /// What a diagnostic of this code is unless its stage says otherwise.
    pub fn severity(self) -> Severity {
        if self.0.name.starts_with('W') { Severity::Warning } else { Severity::Error }
    }

    /// The code called `name`, in any case.
    pub fn find(name: &str) -> Option<Code> {
        all().find(|code| code.name().eq_ignore_ascii_case(name))
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Code {}

impl std::hash::Hash for Code {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Declares the codes of one block: a constant each, and `ALL`.
macro_rules! codes {
    ($($name:ident = $title:literal,)*) => {
        $(
            #[doc = $title]
            pub const $name: $crate::codes::Code = $crate::codes::Code(
                &$crate::codes::CodeInfo { name: stringify!($name), title: $title },
            );
        )*
        /// Every code of this block, in order.
        pub const ALL: &[$crate::codes::Code] = &[$($name),*];
    };
}

/// Declares the blocks and lists them all.
macro_rules! blocks {
    ($($(#[$doc:meta])* $block:ident,)*) => {
        $($(#[$doc])* pub mod $block;)*
        /// Every registered code, block by block.
        pub fn all() -> impl Iterator<Item = Code> {
            [$($block::ALL),*].into_iter().flatten().copied()
        }
    };
}

blocks! {
    /// 01: characters, tokens and the preprocessor.
    lex,
    /// 02: syntax.
    parse,
    /// 03: names, types, constants.
    types,
    /// 04: what BPF forbids of C.
    bpf,
    /// 05: the dialect of BCC.
    bcc,
    /// 06: BTF and CO-RE.
    btf,
    /// 07: the verifier.
    verifier,
    /// 08: objects.
    object,
    /// 09: loading, attaching, running.
    load,
}
