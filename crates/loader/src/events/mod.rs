//! Events from programs: ring buffers, perf buffers, printed lines, and the loop that waits for
//! all of them.

mod counters;
mod perf;
mod ring;
mod stop;
mod streams;
mod trace_pipe;
mod user_ring;

pub use counters::Counters;
pub use perf::{PerfBuffer, PerfEvent};
pub use ring::RingBuffer;
pub use stop::StopFlag;
pub use streams::{StreamLine, Streams};
pub use trace_pipe::{TraceLine, TracePipe};
pub use user_ring::UserRing;

use crate::map::Map;
use crate::{Errno, LoadError};
use bpfc_base::Span;
use bpfc_kabi::MapType;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::ops::ControlFlow;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// The longest wait before the flag is looked at again: a signal may come just before the wait.
const MAX_WAIT: Duration = Duration::from_millis(100);

/// Records that are handed out between two looks at the time and the flag.
const LOOK_EVERY: u32 = 32;

/// Waits for events of several sources and hands them out.
#[derive(Default)]
pub struct EventLoop<'a> {
    sources: Vec<Source<'a>>,
    idle: Option<Box<dyn FnMut() + 'a>>,
}

/// How a loop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The time was over.
    Deadline,
    /// The flag was raised.
    Stopped,
    /// A receiver broke.
    Broken,
}

enum Source<'a> {
    Ring(RingBuffer, Receiver<'a, [u8]>),
    Perf(PerfBuffer, Box<dyn FnMut(PerfEvent<'_>) -> ControlFlow<()> + 'a>),
    Trace(TracePipe, Receiver<'a, str>),
    /// The kernel tells nobody when something is there.
    Streams(Streams, Box<dyn FnMut(StreamLine<'_>) -> ControlFlow<()> + 'a>),
}

type Receiver<'a, T> = Box<dyn FnMut(&T) -> ControlFlow<()> + 'a>;

impl Source<'_> {
    fn fds(&self) -> Vec<BorrowedFd<'_>> {
        match self {
            Source::Ring(ring, _) => vec![ring.as_fd()],
            Source::Perf(perf, _) => perf.fds().collect(),
            Source::Trace(pipe, _) => vec![pipe.as_fd()],
            Source::Streams(..) => Vec::new(),
        }
    }

    /// Hands out what is there, until `halt` says that it is enough, if it is asked.
    fn drain(&mut self, halt: &dyn Fn() -> bool) -> Result<ControlFlow<()>, LoadError> {
        let mut n_taken = 0_u32;
        let mut goes_on = move |flow: ControlFlow<()>| {
            n_taken = n_taken.wrapping_add(1);
            match flow.is_continue() && n_taken.is_multiple_of(LOOK_EVERY) && halt() {
                true => ControlFlow::Break(()),
                false => flow,
            }
        };
        match self {
            Source::Ring(ring, take) => Ok(ring.drain(|record| goes_on(take(record)))),
            Source::Perf(perf, take) => Ok(perf.consume(|record| goes_on(take(record)))),
            Source::Trace(pipe, take) => pipe.consume(|line| goes_on(take(line))),
            Source::Streams(streams, take) => {
                let mut flow = ControlFlow::Continue(());
                streams.read(|line| {
                    // What was read cannot be put back.
                    if take(line).is_break() {
                        flow = ControlFlow::Break(());
                    }
                });
                Ok(flow)
            }
        }
    }
}

impl<'a> EventLoop<'a> {
    /// Without sources, it waits for the time or the flag only.
    pub fn new() -> EventLoop<'a> {
        EventLoop::default()
    }

    /// Hands the records of a ring buffer to `take`; a break ends the loop.
    pub fn ring(&mut self, ring: RingBuffer, take: impl FnMut(&[u8]) -> ControlFlow<()> + 'a) {
        self.sources.push(Source::Ring(ring, Box::new(take)));
    }

    /// Hands the records of a perf buffer to `take`.
    pub fn perf(
        &mut self,
        perf: PerfBuffer,
        take: impl FnMut(PerfEvent<'_>) -> ControlFlow<()> + 'a,
    ) {
        self.sources.push(Source::Perf(perf, Box::new(take)));
    }

    /// Hands the lines of `trace_pipe` to `take`.
    pub fn trace(&mut self, pipe: TracePipe, take: impl FnMut(&str) -> ControlFlow<()> + 'a) {
        self.sources.push(Source::Trace(pipe, Box::new(take)));
    }

    /// Hands the lines of a program's streams to `take`.
    pub fn streams(
        &mut self,
        streams: Streams,
        take: impl FnMut(StreamLine<'_>) -> ControlFlow<()> + 'a,
    ) {
        self.sources.push(Source::Streams(streams, Box::new(take)));
    }

    /// Calls `act` before each wait: all that was there has been handed out.
    pub fn on_idle(&mut self, act: impl FnMut() + 'a) {
        self.idle = Some(Box::new(act));
    }

    /// Runs until `deadline`, if there is one, until `stop` is raised, or until a receiver
    /// breaks. What is there then is left for [`EventLoop::drain`], before which programs that send without end can be
    /// detached.
    ///
    /// # Errors
    /// [`LoadError::System`].
    pub fn run(&mut self, deadline: Option<Instant>, stop: &StopFlag) -> Result<Ended, LoadError> {
        let error = |errno: nix::errno::Errno| LoadError::System {
            operation: "wait for",
            subject: "events".into(),
            errno: Errno::from(errno),
        };
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(error)?;
        for (idx, source) in self.sources.iter().enumerate() {
            for fd in source.fds() {
                let event = EpollEvent::new(EpollFlags::EPOLLIN, idx as u64);
                epoll.add(fd, event).map_err(error)?;
            }
        }
        let mut ready = [EpollEvent::empty(); 32];
        let halt = || {
            let is_late = |deadline: Instant| deadline <= Instant::now();
            stop.is_raised() || deadline.is_some_and(is_late)
        };
        let mut polled = Instant::now();
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let ended = match left {
                _ if stop.is_raised() => Some(Ended::Stopped),
                Some(Duration::ZERO) => Some(Ended::Deadline),
                _ => None,
            };
            if let Some(ended) = ended {
                return Ok(ended);
            }
            if let Some(idle) = &mut self.idle {
                idle();
            }
            let wait = left.unwrap_or(MAX_WAIT).min(MAX_WAIT);
            // A millisecond at least, so that the last moment is not spent spinning.
            let wait = u16::try_from(wait.as_millis()).unwrap_or(u16::MAX).max(1);
            let n_ready = match epoll.wait(&mut ready, EpollTimeout::from(wait)) {
                Err(nix::errno::Errno::EINTR) => 0,
                outcome => outcome.map_err(error)?,
            };
            // A perf ring wakes its reader once; what came before that is found here.
            if n_ready == 0 && self.drain_all(&halt)?.is_break() && !halt() {
                return Ok(Ended::Broken);
            }
            if polled.elapsed() >= MAX_WAIT {
                polled = Instant::now();
                for source in &mut self.sources {
                    let is_stream = matches!(source, Source::Streams(..));
                    if is_stream && source.drain(&halt)?.is_break() && !halt() {
                        return Ok(Ended::Broken);
                    }
                }
            }
            for event in &ready[..n_ready] {
                let source = &mut self.sources[event.data() as usize];
                if source.drain(&halt)?.is_break() {
                    match halt() {
                        true => break,
                        false => return Ok(Ended::Broken),
                    }
                }
            }
        }
    }

    /// Hands out lines of streams that have no end yet, as nothing more will come.
    pub fn finish(&mut self) {
        for source in &mut self.sources {
            if let Source::Streams(streams, take) = source {
                streams.finish(|line| {
                    let _ = take(line);
                });
            }
        }
    }

    /// Hands out what is there now, without waiting: of what goes on coming, only a part.
    ///
    /// # Errors
    /// As [`EventLoop::run`].
    pub fn drain(&mut self) -> Result<ControlFlow<()>, LoadError> {
        self.drain_all(&|| false)
    }

    fn drain_all(&mut self, halt: &dyn Fn() -> bool) -> Result<ControlFlow<()>, LoadError> {
        for source in &mut self.sources {
            if source.drain(halt)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

fn check_kind(map: &Map, wanted: MapType) -> Result<(), LoadError> {
    if map.kind() == Some(wanted) {
        return Ok(());
    }
    Err(LoadError::Unsupported {
        subject: format!("map `{}` as a source of events", map.name()),
        what: format!("it is no {}", wanted.name()),
        span: Span::NONE,
    })
}

fn cannot_map(map: &Map, errno: Errno) -> LoadError {
    LoadError::System {
        operation: "read events of",
        subject: format!("map `{}`", map.name()),
        errno,
    }
}
