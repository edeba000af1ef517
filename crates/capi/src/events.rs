//! Events of ring buffers and perf event arrays.

use crate::error::{bpfc_error, bpfc_status, of_loader};
use crate::ffi::{Outcome, allocated_text, ask, bytes, free, given, guard_int, guard_memory};
use bpfc::loader::{Kernel, PerfBuffer, PerfEvent, RingBuffer};
use bpfc::{EventTypes, Loaded};
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::ffi::{c_char, c_int, c_void};
use std::ops::ControlFlow;
use std::os::fd::{AsFd, AsRawFd};
use std::ptr;
use std::time::{Duration, Instant};

/// Pages of a perf buffer on each CPU.
const N_PERF_PAGES: u32 = 64;
/// The longest single wait: a perf buffer wakes its reader only once for what it holds.
const MAX_WAIT: Duration = Duration::from_millis(100);
/// Events that one call hands out, so that programs which never rest do not keep the caller for ever.
const MAX_EVENTS: c_int = 1 << 20;

/// An event, or how many were lost. It lives until the callback returns.
#[repr(C)]
pub struct bpfc_event {
    /// What the program sent. From perf event arrays, up to 7 bytes of padding may follow it. NULL if events were lost.
    pub data: *const c_void,
    /// Bytes of it.
    pub size: usize,
    /// On which CPU, from perf event arrays; -1 from ring buffers.
    pub cpu: c_int,
    /// Events that were lost because nobody read fast enough; 0 with an event.
    pub n_lost: u64,
}

/// Is given each event. Any result but 0 ends the call that gave it; further events stay where they are.
pub type bpfc_event_fn =
    Option<unsafe extern "C" fn(user: *mut c_void, event: *const bpfc_event) -> c_int>;

/// A reader of events.
pub struct bpfc_events {
    source: Source,
    epoll: Epoll,
    types: EventTypes,
    n_lost: u64,
}

enum Source {
    Ring(RingBuffer),
    Perf(PerfBuffer),
}

impl bpfc_events {
    pub(crate) fn open(loaded: &Loaded, name: &str) -> Outcome<bpfc_events> {
        let map = loaded.map(name)?;
        let types = loaded.event_types(name)?;
        let is_perf = map.raw().kind().is_some_and(|kind| kind.name().contains("PERF_EVENT"));
        let source = match is_perf {
            true => PerfBuffer::new(map.raw(), &Kernel::new(), N_PERF_PAGES).map(Source::Perf),
            false => RingBuffer::new(map.raw()).map(Source::Ring),
        };
        let source = source.map_err(|error| of_loader(bpfc_status::BPFC_ERROR_USE, &error))?;
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(waiting)?;
        let fds = match &source {
            Source::Ring(ring) => vec![ring.as_fd()],
            Source::Perf(perf) => perf.fds().collect(),
        };
        for fd in fds {
            epoll.add(fd, EpollEvent::new(EpollFlags::EPOLLIN, 0)).map_err(waiting)?;
        }
        Ok(bpfc_events { source, epoll, types, n_lost: 0 })
    }
}

/// Hands out what is there: how many, and whether `take` had enough.
fn consume(
    source: &mut Source,
    n_lost: &mut u64,
    mut take: impl FnMut(&bpfc_event) -> ControlFlow<()>,
) -> c_int {
    let mut n_events = 0;
    let mut hand_out = |data: Option<&[u8]>, cpu: Option<u32>, lost: u64| {
        n_events += 1;
        *n_lost += lost;
        let event = bpfc_event {
            data: data.map_or(ptr::null(), |data| data.as_ptr().cast()),
            size: data.map_or(0, <[u8]>::len),
            cpu: cpu.map_or(-1, |cpu| cpu as c_int),
            n_lost: lost,
        };
        match take(&event) {
            ControlFlow::Continue(()) if n_events < MAX_EVENTS => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    };
    match source {
        Source::Ring(ring) => {
            ring.consume(|data| hand_out(Some(data), None, 0));
        }
        Source::Perf(perf) => {
            // That it was enough is seen in the number.
            let _ = perf.consume(|event| match event {
                PerfEvent::Sample { cpu, data } => hand_out(Some(data), Some(cpu), 0),
                PerfEvent::Lost { cpu, n_samples } => hand_out(None, Some(cpu), n_samples),
            });
        }
    }
    n_events
}

fn waiting(errno: Errno) -> bpfc_error {
    let error = std::io::Error::from_raw_os_error(errno as i32);
    bpfc_error::of_errno(bpfc_status::BPFC_ERROR_USE, "wait for events", &error)
}

/// Hands out the events that are there, and if there are none, waits for some: at most for so many milliseconds (0: not at all;
/// negative: for ever), or until a signal comes. How many were handed out, or a negative status.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_events_poll(
    events: *mut bpfc_events,
    timeout_ms: c_int,
    take: bpfc_event_fn,
    user: *mut c_void,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_int(error, || {
        let take = given!(take)?;
        if events.is_null() {
            return Err(bpfc_error::argument("`events` is NULL"));
        }
        // Each part alone: the callback may ask for the types.
        let (source, n_lost) = (&mut (*events).source, &mut (*events).n_lost);
        let epoll = &(*events).epoll;
        let timeout = u64::try_from(timeout_ms).ok().map(Duration::from_millis);
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            let n_events = consume(source, n_lost, |event| match take(user, event) {
                0 => ControlFlow::Continue(()),
                _ => ControlFlow::Break(()),
            });
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if n_events > 0 || left == Some(Duration::ZERO) {
                return Ok(n_events);
            }
            let wait = left.unwrap_or(MAX_WAIT).min(MAX_WAIT).as_millis();
            // A millisecond at least, so that the last moment is not spent spinning.
            let wait = EpollTimeout::from(u16::try_from(wait).unwrap_or(u16::MAX).max(1));
            match epoll.wait(&mut [EpollEvent::empty()], wait) {
                Ok(_) => {}
                Err(Errno::EINTR) => return Ok(0),
                Err(errno) => return Err(waiting(errno)),
            }
        }
    })
}

/// A file descriptor that is readable when there are events, for `poll` and its like; then `bpfc_events_poll` with a time of 0
/// hands them out. It belongs to `events`. -1 of NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_events_fd(events: Option<&bpfc_events>) -> c_int {
    ask(events, -1, |events| events.epoll.0.as_raw_fd())
}

/// How many events were lost so far, as far as the buffer says so.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_events_n_lost(events: Option<&bpfc_events>) -> u64 {
    ask(events, 0, |events| events.n_lost)
}

/// An event as a JSON object, by the type that the compiler saw in the program: a member for each column, or `event`. It is given
/// back with `bpfc_free`. It may be called in the callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_events_json(
    events: *const bpfc_events,
    data: *const c_void,
    size: usize,
    error: *mut *mut bpfc_error,
) -> *mut c_char {
    guard_memory(error, || {
        if events.is_null() {
            return Err(bpfc_error::argument("`events` is NULL"));
        }
        // Only what does not change while events are handed out.
        let types = &(*events).types;
        allocated_text(&types.json(bytes!(data, size)?).to_string())
    })
}

/// Gives a reader back. Events that are still there are lost.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_events_free(events: *mut bpfc_events) {
    free(events);
}
