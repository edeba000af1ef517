//! Text with indentation, and bytes as literals.

/// A source text that grows line by line.
#[derive(Debug, Default)]
pub(crate) struct Text {
    text: String,
    depth: usize,
    indent: &'static str,
}

impl Text {
    /// An empty text whose levels are indented by `indent`.
    pub(crate) fn new(indent: &'static str) -> Text {
        Text { indent, ..Text::default() }
    }

    /// Adds lines at the present depth.
    pub(crate) fn lines(&mut self, lines: impl AsRef<str>) {
        for line in lines.as_ref().lines() {
            if !line.is_empty() {
                self.text.push_str(&self.indent.repeat(self.depth));
                self.text.push_str(line);
            }
            self.text.push('\n');
        }
    }

    /// Adds an empty line.
    pub(crate) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// Adds a line, and indents those that follow.
    pub(crate) fn open(&mut self, line: impl AsRef<str>) {
        self.lines(line);
        self.depth += 1;
    }

    /// Ends what [`Text::open`] began, with a line.
    pub(crate) fn close(&mut self, line: impl AsRef<str>) {
        self.depth -= 1;
        self.lines(line);
    }

    /// Adds text as it is.
    pub(crate) fn raw(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }
}

/// Bytes of an object in a line of source.
const BYTES_PER_LINE: usize = 24;

/// The lines of a string literal with these bytes, each in quotes. Every byte is written as three octal digits, which
/// C, Go and Python read alike whatever follows.
pub(crate) fn octal_lines(bytes: &[u8]) -> impl Iterator<Item = String> + '_ {
    bytes.chunks(BYTES_PER_LINE).map(|chunk| {
        let digits: String = chunk.iter().map(|byte| format!("\\{byte:03o}")).collect();
        format!("\"{digits}\"")
    })
}
