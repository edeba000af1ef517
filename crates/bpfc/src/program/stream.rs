//! Events as a stream, for any executor: a thread waits and wakes.

use super::{Error, Event, Events};
use futures_core::Stream;
use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;

/// Events that wait to be polled. At so many the thread leaves further ones in the kernel, which
/// counts what it loses.
const MAX_WAITING: usize = 65_536;

/// Events as they come. It ends after [`Events::for_at_most`], if that was said, or after an
/// error. Dropping it ends the thread behind it.
#[derive(Debug)]
pub struct EventStream {
    shared: Arc<Shared>,
    /// Closed to end the thread.
    stop: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    has_room: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Result<Event, Error>>,
    waker: Option<Waker>,
    is_over: bool,
    is_dropped: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventStream {
    pub(super) fn new(events: Events) -> std::io::Result<EventStream> {
        let shared = Arc::new(Shared::default());
        let (stop, stopped) = UnixStream::pair()?;
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("bpfc-events".to_owned());
        let thread = thread.spawn(move || forward(events, &stopped, &theirs))?;
        Ok(EventStream { shared, stop: Some(stop), thread: Some(thread) })
    }
}

/// Takes events to the queue until there are no more, or nobody wants them.
fn forward(mut events: Events, stopped: &UnixStream, shared: &Shared) {
    loop {
        let next = events.advance(Some(stopped.as_fd())).transpose();
        let is_last = !matches!(next, Some(Ok(_)));
        let mut state = shared.lock();
        while state.waiting.len() >= MAX_WAITING && !state.is_dropped {
            state = shared.has_room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting.extend(next);
        state.is_over |= is_last;
        let is_done = state.is_over || state.is_dropped;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        if is_done {
            return;
        }
    }
}

impl Stream for EventStream {
    type Item = Result<Event, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = self.shared.lock();
        if let Some(event) = state.waiting.pop_front() {
            self.shared.has_room.notify_one();
            return Poll::Ready(Some(event));
        }
        if state.is_over {
            return Poll::Ready(None);
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.shared.lock().is_dropped = true;
        self.shared.has_room.notify_one();
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell, even if it panicked.
            let _ = thread.join();
        }
    }
}
