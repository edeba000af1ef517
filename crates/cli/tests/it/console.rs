//! The fenced blocks of a Markdown page that tests are interested in.
//!
//! | fence | meaning |
//! | --- | --- |
//! | `console` | `$ command` lines (`> ` continues one), each with its output below |
//! | `console,btf` | the same; needs the types of the running kernel |
//! | `console,kernel` | the same; needs root and a kernel with BPF |
//! | `console,ignore` | is not run |
//! | `c file=NAME` (any language) | is written to NAME before what follows runs |
//!
//! In an output, a line `...` stands for any number of lines and `…` for any text.

/// A block.
#[derive(Debug, PartialEq, Eq)]
pub enum Block {
    /// Commands to run in one shell.
    Console { needs: Needs, exchanges: Vec<Exchange> },
    /// A file to write.
    File { name: String, text: String },
}

/// What a console needs besides the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    Nothing,
    Btf,
    Kernel,
}

/// A command and the output that the page shows.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// Line of the command in the page, from 1.
    pub line: u32,
    pub command: String,
    pub output: String,
}

/// The blocks of `page`.
///
/// # Errors
/// What is wrong with a block, with its line.
pub fn blocks(page: &str) -> Result<Vec<Block>, String> {
    let mut blocks = Vec::new();
    let mut lines = (1u32..).zip(page.lines());
    while let Some((start, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            continue;
        };
        let body: Vec<(u32, &str)> = lines.by_ref().take_while(|(_, l)| *l != "```").collect();
        let block = block(info, &body).map_err(|e| format!("line {start}: {e}"))?;
        blocks.extend(block);
    }
    Ok(blocks)
}

fn block(info: &str, body: &[(u32, &str)]) -> Result<Option<Block>, String> {
    if let Some((_, name)) = info.split_once(" file=") {
        let text = body.iter().map(|(_, line)| format!("{line}\n")).collect();
        let name = name.to_owned();
        return Ok(Some(Block::File { name, text }));
    }
    let needs = match info {
        "console" => Needs::Nothing,
        "console,btf" => Needs::Btf,
        "console,kernel" => Needs::Kernel,
        "console,ignore" => return Ok(None),
        other if other.starts_with("console") => {
            return Err(format!("`{other}` is no kind of console"));
        }
        _ => return Ok(None),
    };
    Ok(Some(Block::Console { needs, exchanges: exchanges(body)? }))
}

fn exchanges(body: &[(u32, &str)]) -> Result<Vec<Exchange>, String> {
    let mut all: Vec<Exchange> = Vec::new();
    for &(line, text) in body {
        match (text.strip_prefix("$ "), all.last_mut()) {
            (Some(command), _) => {
                all.push(Exchange { line, command: command.to_owned(), output: String::new() })
            }
            (None, Some(last)) => match text.strip_prefix("> ") {
                Some(more) if last.output.is_empty() => last.command += &format!("\n{more}"),
                _ => last.output += &format!("{text}\n"),
            },
            (None, None) => return Err("a console starts with `$ command`".to_owned()),
        }
    }
    match all.is_empty() {
        true => Err("a console without `$ command`".to_owned()),
        false => Ok(all),
    }
}

/// Whether `actual` is what `shown` shows.
pub fn matches(shown: &str, actual: &str) -> bool {
    let shown: Vec<&str> = shown.trim_end().lines().collect();
    let actual: Vec<&str> = actual.trim_end().lines().map(str::trim_end).collect();
    matches_lines(&shown, &actual)
}

fn matches_lines(shown: &[&str], actual: &[&str]) -> bool {
    match shown.split_first() {
        None => actual.is_empty(),
        Some((&"...", rest)) => (0..=actual.len()).any(|n| matches_lines(rest, &actual[n..])),
        Some((first, rest)) => actual.split_first().is_some_and(|(line, more)| {
            matches_line(first.trim_end(), line) && matches_lines(rest, more)
        }),
    }
}

fn matches_line(shown: &str, actual: &str) -> bool {
    match shown.split_once('…') {
        None => shown == actual,
        Some((before, after)) => actual.strip_prefix(before).is_some_and(|rest| {
            let ends = rest.char_indices().map(|(at, _)| at);
            let mut ends = ends.chain([rest.len()]);
            ends.any(|at| matches_line(after, &rest[at..]))
        }),
    }
}

#[test]
fn wildcards_match() {
    assert!(matches("a\n...\nb\n", "a\nx\ny\nb\n"));
    assert!(matches("a\n...\n", "a\n"));
    assert!(matches("a … c…", "a b c"));
    assert!(!matches("a\n...\nb\n", "a\nb\nc\n"));
    assert!(!matches("a … c", "a b"));
    assert!(!matches("", "a"));
}

#[test]
fn blocks_are_found() {
    let page = "```c file=x.c\nint x;\n```\n\n```console\n$ one \\\n> two\nout\n$ three\n```\n";
    let found = blocks(page).unwrap();
    let [Block::File { name, text }, Block::Console { exchanges, .. }] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!((name.as_str(), text.as_str()), ("x.c", "int x;\n"));
    assert_eq!(exchanges[0].command, "one \\\ntwo");
    assert_eq!(exchanges[0].output, "out\n");
    assert_eq!((exchanges[1].line, exchanges[1].output.as_str()), (9, ""));
    assert!(blocks("```console,kernle\n$ x\n```\n").is_err());
    assert!(blocks("```console\nno command\n```\n").is_err());
}
