//! The pages of diagnostic codes, `docs/codes/*.md`: their examples are tests.
//!
//! A page starts with `# E0301: title`. Its first fenced `c` block must produce exactly
//! that code, once or more; its second must produce nothing. A page about something that
//! C text alone cannot show says `<!-- no example: reason -->` instead. A page whose
//! example does not work yet says `<!-- known-bug: reason -->`.

use crate::report::Report;
use crate::suite::Suite;
use crate::test::Failure;

/// A page, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// `E0301`.
    pub code: String,
    /// What follows it in the heading.
    pub title: String,
    /// The two examples, or why there are none.
    pub examples: Result<(Example, Example), String>,
    /// Why the examples fail today.
    pub known_bug: Option<String>,
}

/// One fenced block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// What follows `c` on the fence, for instance `bcc`.
    pub flags: Vec<String>,
    /// Line of the fence, from 1.
    pub line: u32,
    /// The program.
    pub text: String,
}

impl Page {
    /// Reads a page, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let heading = text.lines().next().unwrap_or("");
        let parts = heading.strip_prefix("# ").and_then(|h| h.split_once(": "));
        let (code, title) = parts
            .filter(|(code, _)| crate::file::is_code(code))
            .ok_or("the first line must be `# E0000: title`")?;
        let mut blocks = c_blocks(text)?.into_iter();
        let remark = |key: &str| {
            let lines = text.lines().filter_map(|line| line.strip_prefix("<!-- "));
            let mut lines = lines.filter_map(|line| line.strip_suffix(" -->"));
            lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
        };
        let examples = match (blocks.next(), blocks.next(), remark("no example")) {
            (Some(wrong), Some(right), None) => Ok((wrong, right)),
            (None, None, Some(reason)) => Err(reason.to_owned()),
            (None, None, None) => {
                return Err("no examples, and no `<!-- no example: reason -->`".into());
            }
            (Some(_), None, _) => return Err("only one example".into()),
            (_, _, Some(_)) => return Err("`no example` beside an example".into()),
            (None, Some(_), None) => unreachable!("blocks come in order"),
        };
        Ok(Self {
            code: code.to_owned(),
            title: title.to_owned(),
            examples,
            known_bug: remark("known-bug").map(str::to_owned),
        })
    }

    /// Checks both examples; `compile` returns the codes that it reports for one.
    pub fn check(&self, compile: impl Fn(&Example) -> Vec<String>) -> Result<(), String> {
        let Ok((wrong, right)) = &self.examples else {
            return Ok(());
        };
        let found = compile(wrong);
        let mut problems = Vec::new();
        if found.is_empty() || found.iter().any(|code| *code != self.code) {
            problems.push(format!(
                "the example on line {} must report {} and nothing else, but reports {found:?}",
                wrong.line, self.code
            ));
        }
        let found = compile(right);
        if !found.is_empty() {
            problems.push(format!(
                "the example on line {} must report nothing, but reports {found:?}",
                right.line
            ));
        }
        match problems.is_empty() {
            true => Ok(()),
            false => Err(problems.join("\n")),
        }
    }
}

/// Runs the examples of every page in `docs/codes`; `compile` returns the codes that it
/// reports for an example, everything from the preprocessor to the verifier included.
pub fn run<F>(compile: F) -> Report
where
    F: Fn(&Example) -> Vec<String> + Send + Sync + 'static,
{
    let suite = Suite::in_workspace("docs/codes").extensions(&["md"]);
    suite.run(move |t| {
        let page = Page::parse(t.text())?;
        if let Err(reason) = &page.examples {
            return Err(Failure::Skipped(format!("no example: {reason}")));
        }
        match (page.check(&compile), &page.known_bug) {
            (result, None) => Ok(result?),
            (Err(_), Some(_)) => Ok(()),
            (Ok(()), Some(reason)) => {
                Err(format!("the known bug is gone ({reason}): remove the remark").into())
            }
        }
    })
}

/// The fenced blocks whose language is `c`.
fn c_blocks(text: &str) -> Result<Vec<Example>, String> {
    let mut blocks = Vec::new();
    let mut lines = (1u32..).zip(text.lines());
    while let Some((line, text)) = lines.next() {
        let Some(info) = text.strip_prefix("```") else {
            continue;
        };
        let mut body = String::new();
        loop {
            match lines.next() {
                Some((_, "```")) => break,
                Some((_, text)) => body += &format!("{text}\n"),
                None => return Err(format!("the block on line {line} is not closed")),
            }
        }
        let mut words = info.split_whitespace().map(str::to_owned);
        if words.next().as_deref() == Some("c") {
            blocks.push(Example { flags: words.collect(), line, text: body });
        }
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# E0301: undeclared name\n\nText.\n\n```c bcc\nwrong\n```\n\n```console\n$ x\n```\n```c\nright\n```\n";

    #[test]
    fn reads_and_checks() {
        let page = Page::parse(PAGE).unwrap();
        assert_eq!((page.code.as_str(), page.title.as_str()), ("E0301", "undeclared name"));
        let (wrong, right) = page.examples.clone().unwrap();
        assert_eq!(
            (wrong.flags, wrong.line, wrong.text.as_str()),
            (vec!["bcc".to_owned()], 5, "wrong\n")
        );
        assert_eq!(right.text, "right\n");
        let codes = |e: &Example| match e.text.as_str() {
            "wrong\n" => vec!["E0301".to_owned(); 2],
            _ => Vec::new(),
        };
        assert_eq!(page.check(codes), Ok(()));
        assert!(page.check(|_| Vec::new()).is_err());
        assert!(page.check(|_| vec!["E0301".into()]).is_err());
    }

    #[test]
    fn refuses_bad_pages() {
        for bad in [
            "",
            "# E03: x\n",
            "# E0301: x\n",
            "# E0301: x\n```c\na\n```\n",
            "# E0301: x\n```c\na\n",
        ] {
            assert!(Page::parse(bad).is_err(), "{bad}");
        }
        let none = Page::parse("# E0901: x\n\n<!-- no example: files -->\n").unwrap();
        assert_eq!(none.examples, Err("files".to_owned()));
    }
}
