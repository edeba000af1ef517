//! `bpfc run --watch`: what maps hold and how fast it changes, while programs run. On a terminal a screen that refreshes,
//! elsewhere tables at intervals.

mod plain;
mod screen;
mod snapshot;
mod until;

pub use until::{Condition, Progress};

use super::printer::Printer;
use crate::args::{Output, Run};
use bpfc_loader::{Errno, LoadError, Loaded};
use bpfc_object::Object;
use screen::Screen;
use snapshot::Eyes;
use std::cell::RefCell;
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// How often conditions are looked at and keys are read.
const TICK: Duration = Duration::from_millis(50);

/// What a terminal's error counts as that has no number.
const EIO: i32 = 5;

/// What is looked at while programs run, and what ends the wait.
pub struct Live<'a> {
    eyes: Eyes<'a>,
    conditions: &'a [Condition],
    watch: Option<Watch>,
}

struct Watch {
    interval: Duration,
    next: Instant,
    face: Face,
}

enum Face {
    Plain,
    Screen(Box<Screen>),
}

impl<'a> Live<'a> {
    /// Opens the screen, if one is wanted and standard output and input are a terminal.
    ///
    /// # Errors
    /// The terminal's.
    pub fn open(
        object: &'a Object,
        loaded: &'a Loaded,
        args: &Run,
        conditions: &'a [Condition],
    ) -> std::io::Result<Live<'a>> {
        let watch = match args.watch {
            None => None,
            Some(seconds) => {
                let is_terminal = std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
                let face = match is_terminal && args.output() == Output::Table {
                    true => Face::Screen(Box::new(Screen::open(&loaded.programs)?)),
                    false => Face::Plain,
                };
                let interval = Duration::from_secs_f64(seconds);
                Some(Watch { interval, next: Instant::now() + interval.min(TICK), face })
            }
        };
        Ok(Live { eyes: Eyes::new(object, loaded), conditions, watch })
    }

    /// Whether a screen shows everything, so that nothing else should be printed.
    pub fn has_screen(&self) -> bool {
        matches!(&self.watch, Some(Watch { face: Face::Screen(_), .. }))
    }

    /// When to call [`Live::tick`] next; never without conditions and without `--watch`.
    pub fn next(&self) -> Option<Instant> {
        let soon = Instant::now() + TICK;
        match &self.watch {
            _ if !self.conditions.is_empty() => Some(soon),
            Some(Watch { face: Face::Screen(_), .. }) => Some(soon),
            Some(watch) => Some(watch.next),
            None => None,
        }
    }

    /// Looks again. A break ends the run: a condition holds, or the user said so.
    pub fn tick(
        &mut self,
        progress: &Progress,
        printer: &RefCell<Printer<'_>>,
    ) -> Result<ControlFlow<()>, LoadError> {
        for condition in self.conditions {
            if condition.holds(&self.eyes, progress)? {
                return Ok(ControlFlow::Break(()));
            }
        }
        let Some(watch) = &mut self.watch else {
            return Ok(ControlFlow::Continue(()));
        };
        let now = Instant::now();
        let is_due = now >= watch.next;
        if is_due {
            // A tick that was missed is not made up for.
            watch.next = now + watch.interval;
        }
        match &mut watch.face {
            Face::Plain if is_due => {
                let view = self.eyes.look()?;
                plain::print(&view, progress, &mut printer.borrow_mut());
                Ok(ControlFlow::Continue(()))
            }
            Face::Plain => Ok(ControlFlow::Continue(())),
            Face::Screen(screen) => {
                let view =
                    if is_due && !screen.is_paused() { Some(self.eyes.look()?) } else { None };
                screen.refresh(view, progress).map_err(|error| LoadError::System {
                    operation: "draw on",
                    subject: "the terminal".into(),
                    errno: Errno(error.raw_os_error().unwrap_or(EIO)),
                })
            }
        }
    }
}
