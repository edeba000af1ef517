//! Programs at work: what they send is printed until the wait ends.

use super::super::live::{Live, Progress};
use super::super::printer::Printer;
use super::super::stacks::Counting;
use super::lost::Lost;
use crate::terminal::print_err;
use bpfc_kabi::MapType;
use bpfc_loader::{
    Ended, EventLoop, Kernel, Link, LoadError, Loaded, PerfBuffer, PerfEvent, RingBuffer, StopFlag,
    Streams, TracePipe,
};
use bpfc_object::Object;
use serde_json::json;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// Pages of a perf buffer on each CPU.
const PERF_PAGES: u32 = 64;

/// What ends the wait for events.
pub(super) struct Until<'a> {
    pub(super) duration: Option<Duration>,
    pub(super) count: Option<u64>,
    pub(super) stop: &'a StopFlag,
}

/// Programs at work.
pub(super) struct Running<'a> {
    pub(super) object: &'a Object,
    pub(super) loaded: &'a Loaded,
    pub(super) kernel: &'a Kernel,
    pub(super) lost: Lost<'a>,
    pub(super) counting: Option<&'a Counting<'a>>,
    pub(super) links: &'a RefCell<Vec<Link>>,
}

/// How often it is looked whether what programs are attached to is still there.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl Running<'_> {
    /// Prints events until the wait ends, calls `detach`, and prints what came until then.
    pub(super) fn stream(
        &self,
        printer: &RefCell<Printer<'_>>,
        live: Live<'_>,
        until: &Until<'_>,
        pipe: Option<TracePipe>,
        detach: impl FnOnce() -> Result<(), LoadError>,
    ) -> Result<(), LoadError> {
        let progress = Progress::default();
        let counted = || {
            let n_events = progress.n_events.get() + 1;
            progress.n_events.set(n_events);
            match until.count.is_some_and(|count| n_events >= count) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        let show = |id, bytes: &[u8]| match self.counting {
            Some(counting) if counting.event(id, bytes) => {}
            _ => printer.borrow_mut().event(id, bytes),
        };
        let show = &show;
        let mut events = EventLoop::new();
        events.on_idle(|| printer.borrow_mut().flush());
        for (id, map) in self.object.maps.iter_enumerated() {
            let loaded = &self.loaded.maps[id];
            match map.kind() {
                Some(MapType::Ringbuf) => events.ring(RingBuffer::new(loaded)?, move |bytes| {
                    show(id, bytes);
                    counted()
                }),
                Some(MapType::PerfEventArray) => {
                    let buffer = PerfBuffer::new(loaded, self.kernel, PERF_PAGES)?;
                    let progress = &progress;
                    events.perf(buffer, move |event| match event {
                        PerfEvent::Sample { data, .. } => {
                            show(id, data);
                            counted()
                        }
                        PerfEvent::Lost { n_samples, .. } => {
                            progress.n_perf_lost.set(progress.n_perf_lost.get() + n_samples);
                            ControlFlow::Continue(())
                        }
                    });
                }
                _ => {}
            }
        }
        // Lines are events of programs that send no others.
        let has_records = self
            .object
            .maps
            .iter()
            .any(|map| matches!(map.kind(), Some(MapType::Ringbuf | MapType::PerfEventArray)));
        if let Some(pipe) = pipe {
            let counted = &counted;
            let printer = &printer;
            events.trace(pipe, move |line| {
                // The kernel ends each message with a line break, a program often with another.
                match line.trim() {
                    "" => ControlFlow::Continue(()),
                    text => {
                        match self.counting.is_some_and(Counting::is_folding) {
                            true => print_err(&format!("{text}\n")),
                            false => printer.borrow_mut().printk(text),
                        }
                        match has_records {
                            true => ControlFlow::Continue(()),
                            false => counted(),
                        }
                    }
                }
            });
        }
        for program in &self.loaded.programs {
            let Some(streams) = Streams::open(program)? else { break };
            events.streams(streams, |line| {
                match self.counting.is_some_and(Counting::is_folding) {
                    true => print_err(&format!("{}: {}\n", line.program, line.text)),
                    false => printer.borrow_mut().stream(line),
                }
                counted()
            });
        }
        let ended = self.wait(&mut events, live, until, &progress, printer);
        let detached = detach();
        // What came between the last look and the end.
        if until.count.is_none_or(|count| progress.n_events.get() < count) {
            let _ = events.drain()?;
        }
        events.finish();
        drop(events);
        if until.duration != Some(Duration::ZERO)
            && !self.counting.is_some_and(Counting::is_folding)
        {
            self.tell(&progress, &mut printer.borrow_mut())?;
        }
        ended.and(detached)
    }

    /// Hands out events, and looks at maps in between.
    fn wait(
        &self,
        events: &mut EventLoop<'_>,
        mut live: Live<'_>,
        until: &Until<'_>,
        progress: &Progress,
        printer: &RefCell<Printer<'_>>,
    ) -> Result<(), LoadError> {
        if until.count == Some(0) {
            return Ok(());
        }
        let deadline = until.duration.and_then(|duration| Instant::now().checked_add(duration));
        let is_endless = deadline.is_none() && until.count.is_none();
        if is_endless && !live.has_screen() {
            print_err("Ctrl-C ends\n");
        }
        let mut severed = BTreeSet::new();
        let mut look = Instant::now() + LOOK_EVERY;
        loop {
            if look <= Instant::now() {
                look += LOOK_EVERY;
                self.tell_of_severed(&mut severed);
            }
            let next = live.next();
            let wake = [deadline, next, Some(look), self.counting.and_then(Counting::next)]
                .into_iter()
                .flatten()
                .min();
            match events.run(wake, until.stop)? {
                Ended::Deadline if deadline.is_none_or(|deadline| Instant::now() < deadline) => {
                    if let Some(counting) = self.counting {
                        counting.tick();
                    }
                    progress.n_ring_lost.set(self.lost.count()?.unwrap_or(0));
                    if live.tick(progress, printer)?.is_break() {
                        return Ok(());
                    }
                }
                Ended::Deadline | Ended::Stopped | Ended::Broken => return Ok(()),
            }
        }
    }

    /// Says once of each program that it is attached nowhere any more.
    fn tell_of_severed(&self, told: &mut BTreeSet<usize>) {
        for (idx, link) in self.links.borrow().iter().enumerate() {
            if !told.contains(&idx) && link.is_severed() {
                told.insert(idx);
                let (program, place) = (link.program(), link.spec());
                print_err(&format!(
                    "{program}: no longer attached to {place}, which has gone or was taken from it\n"
                ));
            }
        }
    }

    /// Says how many events came, and how many were lost where the kernel tells.
    fn tell(&self, progress: &Progress, printer: &mut Printer<'_>) -> Result<(), LoadError> {
        let has = |wanted| self.object.maps.iter().any(|map| map.kind() == Some(wanted));
        let (has_perf, has_rings) = (has(MapType::PerfEventArray), has(MapType::Ringbuf));
        if !has_perf && !has_rings {
            return Ok(());
        }
        let in_rings = self.lost.count()?;
        progress.n_ring_lost.set(in_rings.unwrap_or(0));
        let n_events = progress.n_events.get();
        // An object that somebody else compiled does not count.
        let n_lost = (!has_rings || in_rings.is_some()).then(|| progress.n_lost());
        let plural = if n_events == 1 { "" } else { "s" };
        let lost = n_lost.map_or_else(String::new, |n| format!(", {}", losses(n)));
        printer.flush();
        match printer.is_json() {
            true => printer.run_of_one(|| json!({ "events": n_events, "lost": n_lost })),
            false => print_err(&format!("{n_events} event{plural}{lost}\n")),
        }
        Ok(())
    }
}

/// What a perf buffer or ring buffer lost, in words.
fn losses(n_lost: u64) -> String {
    match n_lost {
        0 => "0 lost".to_owned(),
        n => format!("{n} lost: they came too fast"),
    }
}
