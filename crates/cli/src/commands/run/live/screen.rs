//! `--watch` on a terminal: a screen with a pane for each map, and what programs print below.

use super::Progress;
use super::snapshot::View;
use crate::terminal::Capture;
use bpfc_loader::Program;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph, Tabs};
use ratatui::{DefaultTerminal, Frame};
use std::io;
use std::ops::ControlFlow;
use std::time::Duration;

/// Lines of what programs print that are seen at a time.
const N_EVENT_LINES: u16 = 8;
/// Rows of a map that can be scrolled to.
const MAX_ROWS: usize = 10_000;

/// The terminal while the screen is shown. Dropping it brings back what was there.
pub struct Screen {
    terminal: DefaultTerminal,
    capture: Capture,
    face: Face,
}

/// What is on the screen.
#[derive(Default)]
struct Face {
    title: String,
    view: Option<View>,
    status: String,
    selected: usize,
    scroll: usize,
    is_paused: bool,
    events: Vec<String>,
}

impl Screen {
    /// Takes over the terminal.
    pub fn open(programs: &[Program]) -> io::Result<Screen> {
        let names: Vec<&str> = programs.iter().map(Program::name).collect();
        let terminal = ratatui::try_init()?;
        let face = Face { title: names.join(", "), ..Face::default() };
        Ok(Screen { terminal, capture: Capture::start(), face })
    }

    /// Whether the user has stopped the picture.
    pub fn is_paused(&self) -> bool {
        self.face.is_paused
    }

    /// Handles keys and draws, with a new view if there is one. A break: the user is done.
    pub fn refresh(
        &mut self,
        view: Option<View>,
        progress: &Progress,
    ) -> io::Result<ControlFlow<()>> {
        let mut is_changed = view.is_some();
        if let Some(view) = view {
            self.face.view = Some(view);
        }
        while event::poll(Duration::ZERO)? {
            is_changed = true;
            if let Event::Key(key) = event::read()?
                && key.kind != KeyEventKind::Release
                && self.face.press(key).is_break()
            {
                return Ok(ControlFlow::Break(()));
            }
        }
        if let Some(lines) = self.capture.last(usize::from(N_EVENT_LINES)) {
            is_changed = true;
            self.face.events = lines;
        }
        if is_changed {
            self.face.status =
                format!("{} events, {} lost", progress.n_events.get(), progress.n_lost());
            let face = &self.face;
            self.terminal.draw(|frame| face.draw(frame))?;
        }
        Ok(ControlFlow::Continue(()))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

impl Face {
    fn press(&mut self, key: KeyEvent) -> ControlFlow<()> {
        let n_panes = self.view.as_ref().map_or(1, |view| view.panes.len().max(1));
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc => return ControlFlow::Break(()),
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                return ControlFlow::Break(());
            }
            KeyCode::Tab | KeyCode::Right => self.select((self.selected + 1) % n_panes),
            KeyCode::BackTab | KeyCode::Left => {
                self.select((self.selected + n_panes - 1) % n_panes);
            }
            KeyCode::Down => self.scroll += 1,
            KeyCode::Up => self.scroll = self.scroll.saturating_sub(1),
            KeyCode::PageDown => self.scroll += 10,
            KeyCode::PageUp => self.scroll = self.scroll.saturating_sub(10),
            KeyCode::Home => self.scroll = 0,
            KeyCode::Char('p' | ' ') => self.is_paused = !self.is_paused,
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn select(&mut self, pane: usize) {
        self.selected = pane;
        self.scroll = 0;
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        let n_event_rows = match self.events.is_empty() {
            true => 0,
            // With the line around them.
            false => (self.events.len() as u16).min(N_EVENT_LINES) + 1,
        };
        let [title, tabs, body, events, help] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(1),
            Constraint::Min(3),
            Constraint::Length(n_event_rows),
            Constraint::Length(1),
        ])
        .areas(frame.area());
        let bold = Style::new().add_modifier(Modifier::BOLD);
        let dim = Style::new().add_modifier(Modifier::DIM);
        let elapsed = self.view.as_ref().map_or(Duration::ZERO, |view| view.elapsed);
        let state = if self.is_paused { "  paused" } else { "" };
        let heading = Line::from(vec![
            Span::styled(self.title.as_str(), bold),
            Span::raw(format!("  {:.0} s  {}{state}", elapsed.as_secs_f64(), self.status)),
        ]);
        frame.render_widget(Paragraph::new(heading), title);
        if let Some(view) = &self.view {
            let names = view.panes.iter().map(|pane| pane.name.as_str());
            let style = Style::new().add_modifier(Modifier::REVERSED);
            let bar = Tabs::new(names).select(self.selected).highlight_style(style);
            frame.render_widget(bar, tabs);
            if let Some(pane) = view.panes.get(self.selected) {
                let text = pane.content.text(MAX_ROWS);
                let mut lines = text.lines();
                let heading = lines.next().unwrap_or_default();
                let rest: Vec<&str> = lines.collect();
                // The last rows stay in sight.
                let n_seen = usize::from(body.height).saturating_sub(1);
                let from = self.scroll.min(rest.len().saturating_sub(n_seen));
                let shown = rest.iter().skip(from).map(|line| Line::raw(*line));
                let all: Vec<Line<'_>> =
                    std::iter::once(Line::styled(heading, bold)).chain(shown).collect();
                frame.render_widget(Paragraph::new(all), body);
            }
        }
        let lines: Vec<Line<'_>> =
            self.events.iter().map(|line| Line::raw(line.as_str())).collect();
        let block = Block::new().borders(Borders::TOP).title("events");
        frame.render_widget(Paragraph::new(lines).block(block), events);
        let keys = "q end   tab next map   up/down scroll   p pause";
        frame.render_widget(Paragraph::new(Line::styled(keys, dim)), help);
    }
}

#[cfg(test)]
mod tests {
    use super::super::snapshot::{Content, Pane};
    use super::*;
    use bpfc::show::Value;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn face() -> Face {
        let row = |name: &str, n| {
            vec![("name".to_owned(), Value::Text(name.into())), ("value".to_owned(), Value::Int(n))]
        };
        let rows = Content::Rows(vec![row("first", 30), row("second", 2)]);
        let bars = Content::Bars("range : count\n0 -> 1 : 4\n".to_owned());
        let pane = |name: &str, content| Pane {
            name: name.to_owned(),
            content,
            json: serde_json::Value::Null,
        };
        Face {
            title: "on_exec".into(),
            view: Some(View {
                elapsed: Duration::from_secs(3),
                panes: vec![pane("hits", rows), pane("sizes", bars)],
            }),
            status: "7 events, 0 lost".into(),
            events: vec!["exec /bin/true".into()],
            ..Face::default()
        }
    }

    fn drawn(face: &Face) -> Vec<String> {
        let mut terminal = Terminal::new(TestBackend::new(48, 10)).unwrap();
        terminal.draw(|frame| face.draw(frame)).unwrap();
        let buffer = terminal.backend().buffer();
        let row = |y| (0..48).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..10).map(|y| row(y).trim_end().to_owned()).collect()
    }

    #[test]
    fn a_screen_has_maps_and_events() {
        let lines = drawn(&face());
        assert_eq!(lines[0], "on_exec  3 s  7 events, 0 lost");
        assert!(lines[1].contains("hits") && lines[1].contains("sizes"));
        assert_eq!(lines[2].trim(), "name    value");
        assert_eq!(lines[3].trim(), "first      30");
        assert!(lines[7].starts_with("events"), "{lines:#?}");
        assert_eq!(lines[8], "exec /bin/true");
        assert!(lines[9].starts_with("q end"));
    }

    #[test]
    fn keys_move_between_maps_and_end() {
        let mut face = face();
        let press = |face: &mut Face, code| face.press(KeyEvent::new(code, KeyModifiers::NONE));
        assert!(press(&mut face, KeyCode::Tab).is_continue());
        assert!(drawn(&face)[3].contains("0 -> 1 : 4"));
        assert!(press(&mut face, KeyCode::Left).is_continue());
        assert!(press(&mut face, KeyCode::PageDown).is_continue());
        assert!(drawn(&face).iter().any(|line| line.contains("second")));
        assert!(press(&mut face, KeyCode::Char('p')).is_continue());
        assert!(drawn(&face)[0].ends_with("paused"));
        assert!(press(&mut face, KeyCode::Char('q')).is_break());
        let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert!(face.press(ctrl_c).is_break());
    }
}
