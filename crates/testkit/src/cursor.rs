//! A position in the text of one directive: what its little parsers share.

/// Reads a text from left to right.
pub(crate) struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// What is left, blanks in front dropped.
    pub(crate) fn rest(&mut self) -> &'a str {
        self.rest = self.rest.trim_start();
        self.rest
    }

    /// True at the end.
    pub(crate) fn is_done(&mut self) -> bool {
        self.rest().is_empty()
    }

    /// The next character, blanks not skipped.
    pub(crate) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Takes `token` if it is next (after blanks).
    pub(crate) fn eat(&mut self, token: &str) -> bool {
        match self.rest().strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes `token` only if no blank is in front of it.
    pub(crate) fn eat_joined(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes `token` or says what is there instead.
    pub(crate) fn expect(&mut self, token: &str) -> Result<(), String> {
        match self.eat(token) {
            true => Ok(()),
            false => Err(format!("expected `{token}` at `{}`", self.rest())),
        }
    }

    /// The longest run of characters that fit, blanks not skipped.
    pub(crate) fn take_while(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c: char| !fits(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// A name of letters, digits and `_` (after blanks), or what is there instead.
    pub(crate) fn name(&mut self) -> Result<&'a str, String> {
        self.rest();
        let name = self.take_while(|c| c.is_alphanumeric() || c == '_');
        match name.chars().next() {
            Some(c) if !c.is_ascii_digit() => Ok(name),
            _ => Err(format!("expected a name at `{name}{}`", self.rest)),
        }
    }

    /// The inside of a string in double quotes whose opening quote was taken, with the
    /// escapes `\n \t \0 \\ \" \xHH` resolved to bytes.
    pub(crate) fn string_tail(&mut self) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return Ok(bytes);
                }
                '\\' => match chars.next().map(|(_, c)| c) {
                    Some('n') => bytes.push(b'\n'),
                    Some('t') => bytes.push(b'\t'),
                    Some('0') => bytes.push(0),
                    Some(c @ ('\\' | '"')) => bytes.push(c as u8),
                    Some('x') => {
                        let digits: String = chars.by_ref().take(2).map(|(_, c)| c).collect();
                        let byte = u8::from_str_radix(&digits, 16);
                        bytes.push(byte.map_err(|_| format!("`\\x{digits}` is not a byte"))?);
                    }
                    other => return Err(format!("unknown escape `\\{}`", other.unwrap_or(' '))),
                },
                _ => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        Err("unclosed string".to_owned())
    }
}
