//! What ran on a path since its last kept state. Paths that fork share what they have in common.

use crate::state::Step;
use std::rc::Rc;

/// The steps, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct History {
    shared: Option<Rc<Segment>>,
    steps: Vec<Step>,
}

/// Steps that several paths have in common.
#[derive(Debug)]
struct Segment {
    before: Option<Rc<Segment>>,
    steps: Vec<Step>,
}

impl History {
    /// One more step.
    pub fn push(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// A history that begins with this one.
    pub fn fork(&mut self) -> History {
        if !self.steps.is_empty() {
            let steps = std::mem::take(&mut self.steps);
            self.shared = Some(Rc::new(Segment { before: self.shared.take(), steps }));
        }
        History { shared: self.shared.clone(), steps: Vec::new() }
    }

    /// The steps, the newest first.
    pub fn backward(&self) -> impl Iterator<Item = &Step> {
        let first = self.shared.as_deref();
        let older = std::iter::successors(first, |segment| segment.before.as_deref());
        self.steps.iter().rev().chain(older.flat_map(|segment| segment.steps.iter().rev()))
    }

    /// Bytes of memory that only this history needs.
    pub fn n_bytes(&self) -> u64 {
        (self.steps.capacity() * size_of::<Step>()) as u64
    }
}
