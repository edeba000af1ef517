//! `--watch` where there is no terminal: tables at intervals, or JSON.

use super::Progress;
use super::snapshot::View;
use crate::commands::run::printer::Printer;
use serde_json::json;

/// Rows of a table that are printed each time.
const MAX_ROWS: usize = 50;

/// Prints all panes.
pub fn print(view: &View, progress: &Progress, printer: &mut Printer<'_>) {
    let seconds = view.elapsed.as_secs_f64();
    let mut text = format!(
        "after {seconds:.1} s: {} events, {} lost",
        progress.n_events.get(),
        progress.n_lost()
    );
    for pane in &view.panes {
        text += &format!("\n{}\n{}", pane.name, pane.content.text(MAX_ROWS).trim_end());
    }
    let panes: Vec<_> = view.panes.iter().map(|pane| &pane.json).collect();
    printer.line(&text, || {
        json!({
            "after_s": (seconds * 1000.0).round() / 1000.0,
            "events": progress.n_events.get(),
            "lost": progress.n_lost(),
            "watch": panes,
        })
    });
}
