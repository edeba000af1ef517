//! What reaches the terminal: diagnostics on standard error, results on standard output.

use crate::args::{ColorChoice, MessageFormat};
use crate::commands::explain;
use crate::exit::Exit;
use crate::files;
use bpfc_base::render::{self, Color, Format, SarifLog};
use bpfc_base::{Diagnostic, Session, Severity};
use std::collections::VecDeque;
use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How to print diagnostics, and what was printed so far.
pub struct Terminal {
    color: ColorChoice,
    format: MessageFormat,
    n_errors: usize,
    n_warnings: usize,
    /// Errors that people are shown.
    error_limit: usize,
    /// Options of the command line that have no meaning here.
    unused_options: Vec<String>,
    /// The SARIF document so far.
    sarif: Option<SarifLog>,
}

impl Terminal {
    /// Prints as the command line asks.
    pub fn new(color: ColorChoice, format: MessageFormat, error_limit: usize) -> Self {
        Self {
            color,
            format,
            n_errors: 0,
            n_warnings: 0,
            error_limit,
            unused_options: Vec::new(),
            sarif: None,
        }
    }

    /// How diagnostics are printed.
    pub fn format(&self) -> MessageFormat {
        self.format
    }

    /// Remembers options that have no meaning here; the first compilation reports them, as
    /// far as its own options want that.
    pub fn note_options(&mut self, options: Vec<String>) {
        self.unused_options = options;
    }

    /// The options that have no meaning here, once.
    pub fn take_unused_options(&mut self) -> Vec<String> {
        std::mem::take(&mut self.unused_options)
    }

    /// Prints the diagnostics of one compilation.
    pub fn print(&mut self, session: &Session, diagnostics: &[Diagnostic]) {
        if diagnostics.is_empty() && self.format != MessageFormat::Sarif {
            return;
        }
        let is_error = |d: &&Diagnostic| d.severity == Severity::Error;
        let n_errors = diagnostics.iter().filter(is_error).count();
        self.n_errors += n_errors;
        let is_warning = |d: &&Diagnostic| d.severity == Severity::Warning;
        self.n_warnings += diagnostics.iter().filter(is_warning).count();
        let shown = self.within_limit(diagnostics);
        let n_hidden = diagnostics.len() - shown.len();
        if self.format == MessageFormat::Sarif {
            self.sarif.get_or_insert_default().add(session, shown);
            return;
        }
        let mut text = render::render(session, shown, self.render_format());
        if n_hidden > 0 {
            let limit = self.error_limit;
            let blank = if self.format == MessageFormat::Human { "\n" } else { "" };
            text.push_str(&format!(
                "{blank}note: more than {limit} errors: {n_hidden} more reports are not shown; \
                 --error-limit 0 shows all\n"
            ));
        }
        // Machine-readable forms are a result; the others accompany one.
        match self.format {
            MessageFormat::Json | MessageFormat::Github | MessageFormat::Sarif => print_out(&text),
            MessageFormat::Human | MessageFormat::Junit => print_err(&format!("{text}\n")),
            MessageFormat::Short => print_err(&text),
        }
    }

    /// The first of `diagnostics`, as many as people want to see. Tools get all.
    fn within_limit<'d>(&self, diagnostics: &'d [Diagnostic]) -> &'d [Diagnostic] {
        let is_for_people = matches!(self.format, MessageFormat::Human | MessageFormat::Short);
        if !is_for_people || self.error_limit == 0 {
            return diagnostics;
        }
        let is_error = |d: &Diagnostic| d.severity == Severity::Error;
        let errors = diagnostics.iter().enumerate().filter(|(_, d)| is_error(d));
        match errors.skip(self.error_limit).map(|(at, _)| at).next() {
            Some(end) => &diagnostics[..end],
            None => diagnostics,
        }
    }

    /// Prints a problem that has no source.
    pub fn fail(&mut self, diagnostic: Diagnostic) {
        self.print(&Session::default(), &[diagnostic]);
    }

    /// Prints a problem that has no source; how the command ends by it.
    pub fn fail_with(&mut self, diagnostic: Diagnostic) -> Exit {
        let exit = Exit::of(std::slice::from_ref(&diagnostic));
        self.fail(diagnostic);
        exit
    }

    /// Prints how many errors and warnings there were, for people.
    pub fn print_summary(&self) {
        if self.format == MessageFormat::Human
            && let Some(summary) = render::summary_of(self.n_errors, self.n_warnings)
        {
            print_err(&format!("{summary}\n"));
        }
    }

    /// Prints what has to wait for the end of the command: a SARIF document is one.
    pub fn finish(&mut self) {
        if let Some(log) = self.sarif.take() {
            print_out(&format!("{}\n", log.document(explain::page)));
        }
    }

    /// Whether results on standard output are coloured.
    pub fn color_of_results(&self) -> Color {
        resolve(self.color, std::io::stdout().is_terminal())
    }

    fn render_format(&self) -> Format {
        match self.format {
            MessageFormat::Human | MessageFormat::Junit => {
                Format::Human(resolve(self.color, std::io::stderr().is_terminal()))
            }
            MessageFormat::Short => Format::Short,
            MessageFormat::Json => Format::Json,
            MessageFormat::Sarif => Format::Sarif,
            MessageFormat::Github => Format::Github,
        }
    }
}

fn resolve(choice: ColorChoice, is_terminal: bool) -> Color {
    let wants = match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        // https://no-color.org: any value but the empty one turns colours off.
        ColorChoice::Auto => {
            is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        }
    };
    if wants { Color::Always } else { Color::Never }
}

/// Lines that are kept for when a screen ends.
const MAX_CAPTURED: usize = 10_000;

/// Where text goes while a screen has the terminal.
static CAPTURED: Mutex<Option<Captured>> = Mutex::new(None);

#[derive(Default)]
struct Captured {
    /// Whole lines; of standard error, or of standard output.
    lines: VecDeque<(bool, String)>,
    is_changed: bool,
}

/// While it lives, [`print_out`] and [`print_err`] keep what they are given. Then it is printed, but for the oldest of many
/// lines.
pub struct Capture(());

impl Capture {
    /// Starts to keep text.
    pub fn start() -> Capture {
        *captured() = Some(Captured::default());
        Capture(())
    }

    /// The last lines, at most `n`, if there are new ones since the last call.
    pub fn last(&self, n: usize) -> Option<Vec<String>> {
        let mut captured = captured();
        let captured = captured.as_mut()?;
        if !std::mem::take(&mut captured.is_changed) {
            return None;
        }
        let from = captured.lines.len().saturating_sub(n);
        Some(captured.lines.range(from..).map(|(_, line)| line.clone()).collect())
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        let kept = captured().take().unwrap_or_default();
        for (is_error, line) in kept.lines {
            match is_error {
                true => print_err(&format!("{line}\n")),
                false => print_out(&format!("{line}\n")),
            }
        }
    }
}

fn captured() -> MutexGuard<'static, Option<Captured>> {
    CAPTURED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps `text` if a screen has the terminal.
fn is_captured(text: &str, is_error: bool) -> bool {
    let mut captured = captured();
    let Some(captured) = captured.as_mut() else {
        return false;
    };
    for line in text.lines() {
        captured.lines.push_back((is_error, line.to_owned()));
        if captured.lines.len() > MAX_CAPTURED {
            captured.lines.pop_front();
        }
    }
    captured.is_changed = true;
    true
}

/// Writes to standard output, or ends the process if that cannot be.
pub fn print_out(text: &str) {
    if is_captured(text, false) {
        return;
    }
    if let Err(error) = write_out(text.as_bytes()) {
        let why = files::plain(&error);
        print_err(&format!("error: cannot write standard output: {why}\n"));
        std::process::exit(Exit::Environment as i32);
    }
}

/// Writes to standard output. A reader that has gone away ends the process quietly, as
/// people expect of `bpfc … | head`.
///
/// # Errors
/// The system's, such as a full disk.
pub fn write_out(bytes: &[u8]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let result = out.write_all(bytes).and_then(|()| out.flush());
    if let Err(error) = &result
        && error.kind() == ErrorKind::BrokenPipe
    {
        std::process::exit(Exit::Fine as i32);
    }
    result
}

/// Writes to standard error, if somebody reads it.
pub fn print_err(text: &str) {
    if is_captured(text, true) {
        return;
    }
    std::io::stderr().lock().write_all(text.as_bytes()).ok();
}
