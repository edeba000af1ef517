//! Codes 02: syntax.

codes! {
    E0201 = "syntax error",
    E0202 = "nesting too deep",
    E0203 = "invalid combination of declaration specifiers",
    E0204 = "unclosed bracket",
}
