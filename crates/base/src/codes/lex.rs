//! Codes 01: characters, tokens and the preprocessor.

codes! {
    E0101 = "unterminated comment",
    E0102 = "unknown character",
    E0103 = "unterminated literal",
    E0104 = "included file not found",
    E0105 = "include nesting too deep",
    E0106 = "malformed directive",
    E0107 = "unbalanced conditional",
    E0108 = "error in a preprocessor expression",
    E0109 = "wrong macro call",
    E0110 = "`#error`",
    E0111 = "invalid number",
    E0112 = "invalid escape or character constant",
    E0113 = "source is not text",
    E0114 = "preprocessor limit exceeded",
    E0115 = "invalid macro definition",
    W0101 = "macro redefined",
    W0102 = "unknown directive or pragma",
    W0103 = "`#warning`",
}
