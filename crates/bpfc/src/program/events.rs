//! Events as a blocking iterator.

use super::{Error, EventStream, Stage};
use bpfc_base::Session;
use bpfc_kabi::MapType;
use bpfc_loader::{Errno, Kernel, LoadError, Map, PerfBuffer, PerfEvent, RingBuffer};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Pages of a perf buffer on each CPU.
const N_PERF_PAGES: u32 = 64;

/// The longest single wait: a perf buffer wakes its reader only once for what it holds.
const MAX_WAIT: Duration = Duration::from_millis(100);

/// Events taken out of the buffer at once.
const BATCH: usize = 4096;

/// Events taken out of the buffer when the time is over: programs may send faster than one reads.
const LAST_BATCH: usize = 1 << 20;

/// What came out of a ring buffer or perf buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// What a program sent. From perf buffers, up to 7 bytes of padding may follow it.
    Record {
        /// On which CPU, from perf buffers.
        cpu: Option<u32>,
        /// The bytes.
        data: Vec<u8>,
    },
    /// Records of a perf buffer that did not fit, as nobody read fast enough.
    Lost {
        /// On which CPU.
        cpu: u32,
        /// How many.
        n_records: u64,
    },
}

/// An [`Event`] in the buffer itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventRef<'a> {
    /// What a program sent.
    Record {
        /// On which CPU, from perf buffers.
        cpu: Option<u32>,
        /// The bytes.
        data: &'a [u8],
    },
    /// Records of a perf buffer that did not fit.
    Lost {
        /// On which CPU.
        cpu: u32,
        /// How many.
        n_records: u64,
    },
}

impl<'a> EventRef<'a> {
    /// The bytes; none of what was lost.
    pub fn data(&self) -> &'a [u8] {
        match *self {
            EventRef::Record { data, .. } => data,
            EventRef::Lost { .. } => &[],
        }
    }
}

impl<'a> From<&'a Event> for EventRef<'a> {
    fn from(event: &'a Event) -> EventRef<'a> {
        match event {
            Event::Record { cpu, data } => EventRef::Record { cpu: *cpu, data },
            Event::Lost { cpu, n_records } => EventRef::Lost { cpu: *cpu, n_records: *n_records },
        }
    }
}

impl Event {
    /// The bytes; none of what was lost.
    pub fn data(&self) -> &[u8] {
        match self {
            Event::Record { data, .. } => data,
            Event::Lost { .. } => &[],
        }
    }
}

/// The reader of a ring buffer or a perf event array, an iterator that waits for events. It needs
/// no longer live than the programs: it keeps the buffer.
///
/// ```no_run
/// # fn f(attached: bpfc::Attached) -> Result<(), bpfc::Error> {
/// for event in attached.events("events")?.for_at_most(std::time::Duration::from_secs(1)) {
///     println!("{:?}", event?.data());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Events {
    source: Source,
    queue: VecDeque<Event>,
    deadline: Option<Instant>,
    is_over: bool,
    session: Arc<Session>,
}

#[derive(Debug)]
enum Source {
    Ring(RingBuffer),
    Perf(PerfBuffer),
}

impl Events {
    pub(super) fn open(
        map: &Map,
        kernel: &Kernel,
        session: Arc<Session>,
    ) -> Result<Events, LoadError> {
        let source = match map.kind() {
            Some(MapType::PerfEventArray) => {
                Source::Perf(PerfBuffer::new(map, kernel, N_PERF_PAGES)?)
            }
            _ => Source::Ring(RingBuffer::new(map)?),
        };
        Ok(Events { source, queue: VecDeque::new(), deadline: None, is_over: false, session })
    }

    /// Ends the iteration after this time. What is in the buffer then is still handed out.
    #[must_use]
    pub fn for_at_most(mut self, time: Duration) -> Events {
        self.deadline = Some(Instant::now() + time);
        self
    }

    /// The next event, or none if none came for so long.
    ///
    /// # Errors
    /// The kernel does not let us wait.
    pub fn next_within(&mut self, time: Duration) -> Result<Option<Event>, Error> {
        self.next_until(Some(Instant::now() + time), None)
    }

    /// The next event that is there already.
    pub fn try_next(&mut self) -> Option<Event> {
        if self.queue.is_empty() {
            self.fill(BATCH);
        }
        self.queue.pop_front()
    }

    /// Hands out all events that are there, in the buffer itself and without copying them; if there are none, waits so long for the
    /// first. How many there were.
    ///
    /// # Errors
    /// The kernel does not let us wait.
    pub fn read_within(
        &mut self,
        time: Duration,
        mut take: impl FnMut(EventRef<'_>),
    ) -> Result<usize, Error> {
        let deadline = Instant::now() + time;
        let mut n_events = self.queue.len();
        self.queue.drain(..).for_each(|event| take((&event).into()));
        loop {
            n_events += self.read(&mut take);
            let left = deadline.saturating_duration_since(Instant::now());
            if n_events > 0 || left.is_zero() {
                return Ok(n_events);
            }
            self.wait(left.min(MAX_WAIT), None)?;
        }
    }

    /// Hands out what is there now.
    fn read(&mut self, take: &mut impl FnMut(EventRef<'_>)) -> usize {
        let mut n_events = 0;
        let mut put = |event: EventRef<'_>| {
            n_events += 1;
            take(event);
            ControlFlow::Continue(())
        };
        match &mut self.source {
            Source::Ring(ring) => {
                ring.consume(|data| put(EventRef::Record { cpu: None, data }));
            }
            Source::Perf(perf) => {
                let _ = perf.consume(|event| match event {
                    PerfEvent::Sample { cpu, data } => {
                        put(EventRef::Record { cpu: Some(cpu), data })
                    }
                    PerfEvent::Lost { cpu, n_samples } => {
                        put(EventRef::Lost { cpu, n_records: n_samples })
                    }
                });
            }
        }
        n_events
    }

    /// As a stream, for asynchronous programs: a thread waits for the events.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn into_stream(self) -> std::io::Result<EventStream> {
        EventStream::new(self)
    }

    /// To wait on by other means: readable when there are events. Then call [`Events::try_next`]
    /// until there are no more.
    pub fn fds(&self) -> Vec<BorrowedFd<'_>> {
        match &self.source {
            Source::Ring(ring) => vec![ring.as_fd()],
            Source::Perf(perf) => perf.fds().collect(),
        }
    }

    /// The next event of the iteration.
    pub(super) fn advance(&mut self, stop: Option<BorrowedFd<'_>>) -> Result<Option<Event>, Error> {
        let is_late = self.deadline.is_some_and(|deadline| deadline <= Instant::now());
        if !self.queue.is_empty() || self.is_over {
            return Ok(self.queue.pop_front());
        }
        if is_late {
            self.is_over = true;
            self.fill(LAST_BATCH);
            return Ok(self.queue.pop_front());
        }
        let next = self.next_until(self.deadline, stop);
        self.is_over = !matches!(next, Ok(Some(_)));
        next
    }

    /// `stop` ends the wait when it becomes readable or its other end is closed.
    pub(super) fn next_until(
        &mut self,
        deadline: Option<Instant>,
        stop: Option<BorrowedFd<'_>>,
    ) -> Result<Option<Event>, Error> {
        loop {
            if let Some(event) = self.try_next() {
                return Ok(Some(event));
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Ok(None);
            }
            if self.wait(left.unwrap_or(MAX_WAIT).min(MAX_WAIT), stop)? {
                return Ok(None);
            }
        }
    }

    /// Whether `stop` became readable.
    fn wait(&self, time: Duration, stop: Option<BorrowedFd<'_>>) -> Result<bool, Error> {
        let fds = stop.into_iter().chain(self.fds());
        let mut fds: Vec<PollFd<'_>> = fds.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        // A millisecond at least, so that the last moment is not spent spinning.
        let millis = u16::try_from(time.as_millis()).unwrap_or(u16::MAX).max(1);
        match poll(&mut fds, PollTimeout::from(millis)) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(errno) => {
                let (operation, subject) = ("wait for", "events".to_owned());
                let error = LoadError::System { operation, subject, errno: Errno::from(errno) };
                return Err(Error::loading(Stage::Use, &self.session, error));
            }
        }
        Ok(stop.is_some() && fds[0].any().unwrap_or(false))
    }

    fn fill(&mut self, most: usize) {
        let queue = &mut self.queue;
        let mut put = |event| {
            queue.push_back(event);
            if queue.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        match &mut self.source {
            Source::Ring(ring) => {
                ring.consume(|data| put(Event::Record { cpu: None, data: data.to_vec() }));
            }
            Source::Perf(perf) => {
                // That it stopped is seen in the length of the queue.
                let _ = perf.consume(|event| match event {
                    PerfEvent::Sample { cpu, data } => {
                        put(Event::Record { cpu: Some(cpu), data: data.to_vec() })
                    }
                    PerfEvent::Lost { cpu, n_samples } => {
                        put(Event::Lost { cpu, n_records: n_samples })
                    }
                });
            }
        }
    }
}

impl Iterator for Events {
    type Item = Result<Event, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance(None).transpose()
    }
}
