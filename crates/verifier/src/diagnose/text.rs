//! The C text around a place: its statement, its function, what is declared there. Works on text alone, since
//! an object knows no syntax tree; what it does not understand it says nothing about.

use std::ops::Range;

/// A file's text with everything blanked that is no code: comments, literals, directives. Offsets are those of the text.
pub struct Code {
    mask: Vec<u8>,
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// From its first character to behind its semicolon or brace.
    pub range: Range<usize>,
    /// Whether it is a branch without braces, so that nothing can be put in front of it alone.
    pub is_branch: bool,
    /// The statement of which it is a branch, or its own start.
    pub outer: usize,
}

/// A function definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// From its first specifier to its opening brace.
    pub header: Range<usize>,
    /// Between the braces.
    pub body: Range<usize>,
}

fn is_word(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c == b'_'
}

impl Code {
    /// Blanks what is no code.
    pub fn new(text: &str) -> Code {
        let bytes = text.as_bytes();
        let mut mask = bytes.to_vec();
        let mut blank = |range: Range<usize>| {
            for byte in &mut mask[range] {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
        };
        let mut at = 0;
        let mut line_is_empty = true;
        while at < bytes.len() {
            let end = match bytes[at] {
                b'/' if bytes.get(at + 1) == Some(&b'/') => find(bytes, at, b"\n"),
                b'/' if bytes.get(at + 1) == Some(&b'*') => find(bytes, at + 2, b"*/") + 2,
                b'#' if line_is_empty => directive_end(bytes, at),
                quote @ (b'"' | b'\'') => literal_end(bytes, at, quote),
                byte => {
                    line_is_empty = match byte {
                        b'\n' => true,
                        _ => line_is_empty && byte.is_ascii_whitespace(),
                    };
                    at += 1;
                    continue;
                }
            };
            let end = end.clamp(at + 1, bytes.len());
            blank(at..end);
            at = end;
        }
        Code { mask }
    }

    /// The code of a range.
    pub fn slice(&self, range: Range<usize>) -> &str {
        self.mask.get(range).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("")
    }

    /// The definition whose body holds `at`.
    pub fn function_at(&self, at: usize) -> Option<Function> {
        let (mut depth, mut start, mut open) = (0_i32, 0, None);
        for (idx, &byte) in self.mask.iter().enumerate() {
            match byte {
                b'{' => {
                    if depth == 0 {
                        open = Some(idx);
                    }
                    depth += 1;
                }
                b'}' => {
                    depth -= 1;
                    if depth == 0 {
                        if let Some(open) = open.filter(|&open| open < at && at <= idx) {
                            let header = self.trimmed(start..open);
                            let has_parameters = self.slice(header.clone()).contains('(');
                            return has_parameters
                                .then_some(Function { header, body: open + 1..idx });
                        }
                        start = idx + 1;
                    }
                    depth = depth.max(0);
                }
                b';' if depth == 0 => start = idx + 1,
                _ => {}
            }
        }
        None
    }

    /// The header of the function called `name`.
    pub fn function_named(&self, name: &str) -> Option<Function> {
        let text = std::str::from_utf8(&self.mask).ok()?;
        words(text, name).find_map(|at| {
            let open = at + text[at..].find('{')?;
            let between = &text[at + name.len()..open];
            let is_definition = between.trim_start().starts_with('(') && !between.contains(';');
            let function = self.function_at(open + 1)?;
            (is_definition && function.header.contains(&at)).then_some(function)
        })
    }

    /// The statement of `function` that `at` is in; simple ones whole, of others the start alone is exact.
    pub fn statement_at(&self, function: &Function, at: usize) -> Option<Statement> {
        let outer = self.block_start(function, at)?;
        let (mut start, mut is_branch) = (outer, false);
        loop {
            let rest = self.slice(start..function.body.end);
            let word: String = rest.bytes().take_while(|&c| is_word(c)).map(char::from).collect();
            let behind = start + word.len();
            let next = match &*word {
                "if" | "while" | "for" | "switch" => self.behind_parentheses(behind)?,
                "else" | "do" => behind,
                "case" | "default" => behind + self.slice(behind..function.body.end).find(':')? + 1,
                _ => break,
            };
            if next > at {
                break;
            }
            is_branch = !matches!(&*word, "case" | "default");
            start = self.skip_space(next);
            if self.mask.get(start) == Some(&b'{') {
                return None;
            }
        }
        let end = self.statement_end(start)?;
        Some(Statement { range: start..end, is_branch, outer })
    }

    /// Where the innermost statement starts that a block holds and `at` is in.
    fn block_start(&self, function: &Function, at: usize) -> Option<usize> {
        // Per open brace or bracket: whether it holds statements, and where the last one starts.
        let mut open = vec![(true, function.body.start)];
        let mut before = b'{';
        for idx in function.body.start..at.min(function.body.end) {
            let byte = self.mask[idx];
            match byte {
                b'(' | b'[' => open.push((false, idx)),
                b'{' => open.push((before != b'=' && before != b',', idx + 1)),
                b')' | b']' | b'}' => {
                    let closed = open.pop()?;
                    if let (b'}', (true, _), Some((true, start))) = (byte, closed, open.last_mut())
                    {
                        *start = idx + 1;
                    }
                }
                b';' => {
                    if let Some((true, start)) = open.last_mut() {
                        *start = idx + 1;
                    }
                }
                _ => {}
            }
            if !byte.is_ascii_whitespace() {
                before = byte;
            }
        }
        let (_, start) = open.iter().rev().find(|(is_block, _)| *is_block)?;
        Some(self.skip_space(*start))
    }

    fn statement_end(&self, start: usize) -> Option<usize> {
        let mut depth = 0_i32;
        for (idx, byte) in self.mask.iter().enumerate().skip(start) {
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth -= 1,
                b';' if depth == 0 => return Some(idx + 1),
                _ => {}
            }
            if depth < 0 {
                return None;
            }
        }
        None
    }

    /// Behind the brackets that follow `at`.
    pub fn behind_parentheses(&self, at: usize) -> Option<usize> {
        let open = self.skip_space(at);
        if self.mask.get(open) != Some(&b'(') {
            return None;
        }
        let mut depth = 0_i32;
        for (idx, byte) in self.mask.iter().enumerate().skip(open) {
            depth += match byte {
                b'(' => 1,
                b')' => -1,
                _ => 0,
            };
            if depth == 0 {
                return Some(idx + 1);
            }
        }
        None
    }

    /// The first offset from `at` on that holds no white space.
    pub fn skip_space(&self, at: usize) -> usize {
        let rest = self.mask.get(at..).unwrap_or(&[]);
        at + rest.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(rest.len())
    }

    fn trimmed(&self, range: Range<usize>) -> Range<usize> {
        let start = self.skip_space(range.start).min(range.end);
        start..start + self.slice(start..range.end).trim_end().len()
    }

    /// The variable that an initialiser or assignment gives the expression at `at` to.
    pub fn assigned_to(&self, at: usize) -> Option<&str> {
        let mut before = self.slice(0..at).trim_end();
        // Casts stand in between.
        while before.ends_with(')') {
            before = before[..open_of(before)?].trim_end();
        }
        let before = before.strip_suffix('=')?;
        if before.ends_with(['=', '!', '<', '>', '+', '-', '|', '&', '*', '/', '%', '^']) {
            return None;
        }
        let before = before.trim_end();
        let start = word_start(before);
        let is_member = before[..start].ends_with("->") || before[..start].ends_with('.');
        let name = &before[start..];
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        (is_name && !is_member).then_some(name)
    }

    /// Behind the name where `name` is declared without a value, in the function before `at`: where an
    /// initialiser goes, and whether it is a plain number.
    pub fn declaration_of(
        &self,
        function: &Function,
        name: &str,
        at: usize,
    ) -> Option<(usize, bool)> {
        let text = self.slice(function.body.start..at);
        words(text, name).find_map(|found| {
            let start = function.body.start + found;
            let mut end = start + name.len();
            let mut is_array = false;
            while self.mask.get(end) == Some(&b'[') {
                end += self.slice(end..function.body.end).find(']')? + 1;
                is_array = true;
            }
            let next = self.skip_space(end);
            let follows = *self.mask.get(next)?;
            let statement = self.block_start(function, start)?;
            let specifiers = self.slice(statement..start);
            let first: String =
                specifiers.bytes().take_while(|&c| is_word(c)).map(char::from).collect();
            // `int v = 1, w;` declares, `x = 1, w;` does not.
            let second = specifiers[first.len()..].trim_start();
            let is_type = !first.is_empty()
                && !matches!(
                    &*first,
                    "return" | "goto" | "if" | "for" | "while" | "switch" | "else"
                )
                && !specifiers.contains('(')
                && !second.starts_with(['=', '+', '-', '[', '.'])
                && specifiers.ends_with(|c: char| c.is_whitespace() || c == '*' || c == ',');
            if !is_type || !matches!(follows, b';' | b',') {
                return None;
            }
            let is_record = specifiers.contains("struct ") || specifiers.contains("union ");
            let is_pointer = specifiers.trim_end().ends_with('*');
            Some((end, !is_array && (!is_record || is_pointer)))
        })
    }

    /// Whether `name` is declared as an array anywhere in the file.
    pub fn is_array(&self, name: &str) -> bool {
        let Ok(text) = std::str::from_utf8(&self.mask) else {
            return false;
        };
        words(text, name).any(|at| {
            let line = text[..at].rfind(['\n', ';', '{', '(']).map_or(0, |start| start + 1);
            let specifiers = text[line..at].trim();
            let is_declared = specifiers.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && specifiers.bytes().all(|c| is_word(c) || c == b' ')
                && specifiers != "return";
            is_declared && text[at + name.len()..].starts_with('[')
        })
    }

    /// The name of a function.
    pub fn name_of(&self, function: &Function) -> Option<&str> {
        let header = self.slice(function.header.clone());
        let before = header[..parameters_start(header)?].trim_end();
        let start = word_start(before);
        Some(&before[start..])
    }

    /// The argument that the only call of `function` passes for its parameter `name`: where it starts, and its text.
    pub fn passed_for(&self, function: &Function, name: &str) -> Option<(usize, &str)> {
        let list = self.parameters(function);
        let list = list.strip_prefix('(')?.strip_suffix(')')?;
        let is_it = |param: &&str| param.ends_with(name) && words(param, name).next().is_some();
        let idx = split_list(list).iter().position(is_it)?;
        let text = std::str::from_utf8(&self.mask).ok()?;
        let callee = self.name_of(function)?;
        let mut calls = words(text, callee)
            .filter(|at| !function.header.contains(at))
            .filter(|at| text[at + callee.len()..].starts_with('('));
        let (Some(at), None) = (calls.next(), calls.next()) else {
            return None;
        };
        let open = at + callee.len();
        let list = &text[open..self.behind_parentheses(open)?];
        let arg = *split_list(&list[1..list.len() - 1]).get(idx)?;
        Some((arg.as_ptr() as usize - text.as_ptr() as usize, arg))
    }

    /// Whether `name` is declared as a signed number in the function.
    pub fn is_signed(&self, function: &Function, name: &str) -> bool {
        let text = self.slice(function.header.start..function.body.end);
        words(text, name).any(|at| {
            let line = text[..at].rfind([';', '{', '(', '}']).map_or(0, |start| start + 1);
            let mut specifiers = text[line..at].split([' ', ',', '\t', '\n']);
            let signed = [
                "int", "long", "short", "__s8", "__s16", "__s32", "__s64", "s32", "s64", "ssize_t",
            ];
            let is_unsigned = text[line..at].contains("unsigned");
            !is_unsigned && specifiers.any(|word| signed.contains(&word))
        })
    }

    /// What functions like this one return when there is nothing to do: their last constant result.
    pub fn usual_result(&self, function: &Function) -> Option<String> {
        if self.returns_void(function) {
            return None;
        }
        let body = self.slice(function.body.clone());
        let results = words(body, "return").filter_map(|at| {
            let rest = &body[at + "return".len()..];
            Some(rest[..rest.find(';')?].trim())
        });
        let is_constant = |text: &&str| {
            let is_name = text.starts_with(|c: char| c.is_ascii_uppercase())
                && text.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_');
            is_name || text.parse::<u32>().is_ok()
        };
        Some(results.filter(is_constant).last().unwrap_or("0").to_owned())
    }

    /// Whether the function returns nothing.
    pub fn returns_void(&self, function: &Function) -> bool {
        let header = self.slice(function.header.clone());
        let Some(open) = header.rfind('(').and_then(|_| parameters_start(header)) else {
            return false;
        };
        let before = &header[..open];
        words(before, "void").next().is_some() && !before.contains('*')
    }

    /// The parameters of a function, in brackets.
    pub fn parameters(&self, function: &Function) -> &str {
        let header = self.slice(function.header.clone());
        parameters_start(header).map_or("", |open| &header[open..])
    }
}

/// Where the list of parameters starts: the last brackets at the top of a header.
fn parameters_start(header: &str) -> Option<usize> {
    let mut end = header.trim_end();
    // Attributes behind the list.
    loop {
        let open = open_of(end)?;
        let before = end[..open].trim_end();
        match before.ends_with("__attribute__") {
            true => end = before.strip_suffix("__attribute__")?.trim_end(),
            false => return Some(open),
        }
    }
}

/// Where the bracket is opened that ends `text`.
pub fn open_of(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices().rev() {
        match c {
            ')' | ']' => depth += 1,
            '(' | '[' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (c == '(' || c == '[').then_some(at);
        }
    }
    None
}

/// The length of the brackets that `text` starts with.
pub fn split_parentheses(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (at > 0).then_some(at + 1);
        }
    }
    None
}

/// Where the word starts that `text` ends with.
pub fn word_start(text: &str) -> usize {
    let word = text.chars().rev().take_while(|&c| c.is_alphanumeric() || c == '_');
    text.len() - word.map(char::len_utf8).sum::<usize>()
}

/// Where `word` stands in `text` as a whole word.
pub fn words<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = usize> + 't {
    let bytes = text.as_bytes();
    text.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let before = at.checked_sub(1).map(|at| bytes[at]);
        let behind = bytes.get(at + word.len());
        !before.is_some_and(is_word) && !behind.is_some_and(|&c| is_word(c))
    })
}

/// `text` with words replaced.
pub fn substituted(text: &str, pairs: &[(String, String)]) -> String {
    let mut result = String::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let len = rest.bytes().take_while(|&c| is_word(c)).count();
        if len == 0 {
            let c = rest.chars().next().map_or(1, char::len_utf8);
            result.push_str(&rest[..c]);
            at += c;
            continue;
        }
        let word = &rest[..len];
        let pair = pairs.iter().find(|(name, _)| name == word);
        result.push_str(pair.map_or(word, |(_, value)| value));
        at += len;
    }
    // `(ip)->saddr` was written for arguments that are more than a name.
    for (_, value) in pairs {
        if super::source::is_identifier(value) {
            result = result.replace(&format!("({value})"), value);
        }
    }
    result
}

/// The pieces between commas at the top.
pub fn split_list(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut all) = (0, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                all.push(list[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    all.push(list[start..].trim());
    all
}

fn find(bytes: &[u8], from: usize, wanted: &[u8]) -> usize {
    let rest = bytes.get(from..).unwrap_or(&[]);
    let found = rest.windows(wanted.len()).position(|window| window == wanted);
    from + found.unwrap_or(rest.len())
}

fn directive_end(bytes: &[u8], mut at: usize) -> usize {
    loop {
        at = find(bytes, at, b"\n");
        if at == 0 || at >= bytes.len() || bytes[at - 1] != b'\\' {
            return at;
        }
        at += 1;
    }
}

fn literal_end(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'\n' => return at,
            byte if byte == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "struct s { int a; };\nstatic __always_inline void f(int *p)\n{\n\tint v = 1, w;\n\t\
        if (v) // ; {\n\t\tg(p, \"}\");\n\tfor (int i = 0; i < 3; i++) {\n\t\tw = *p;\n\t}\n\treturn;\n}\n";

    #[test]
    fn finds_statements_and_functions() {
        let code = Code::new(TEXT);
        let at = TEXT.find("g(p").expect("it is there");
        let function = code.function_at(at).expect("it is in one");
        assert!(code.returns_void(&function));
        assert_eq!(code.parameters(&function), "(int *p)");
        assert_eq!(code.function_named("f"), Some(function.clone()));
        let statement = code.statement_at(&function, at).expect("it is one");
        assert_eq!(&TEXT[statement.range.clone()], "g(p, \"}\");");
        assert!(statement.is_branch && TEXT[statement.outer..].starts_with("if (v)"));
        let at = TEXT.find("*p;").expect("it is there");
        let statement = code.statement_at(&function, at).expect("it is one");
        assert_eq!((&TEXT[statement.range], statement.is_branch), ("w = *p;", false));
        assert_eq!(code.assigned_to(at), Some("w"));
        let (end, is_number) = code.declaration_of(&function, "w", at).expect("it is one");
        assert!(TEXT[end..].starts_with(";\n") && is_number);
        assert_eq!(code.declaration_of(&function, "v", at), None);
        assert_eq!(code.function_at(10), None);
    }

    #[test]
    fn replaces_parameters() {
        let pairs = [("p".to_owned(), "ip".to_owned()), ("n".to_owned(), "a + 1".to_owned())];
        assert_eq!(substituted("((p)->x[n] + pn)", &pairs), "(ip->x[a + 1] + pn)");
        assert_eq!(split_list("a, f(b, c), d"), ["a", "f(b, c)", "d"]);
    }
}
