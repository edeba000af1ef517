//! Helpers whose answers the user gives.

use super::Vm;
use std::collections::BTreeMap;

/// Answers by the number of the helper.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mocks {
    answers: BTreeMap<u32, Mock>,
}

#[derive(Clone, Debug, Default)]
struct Mock {
    returns: Vec<u64>,
    n_calls: usize,
}

impl Mocks {
    /// What the helper answers this time; none if nobody said.
    pub fn answer(&mut self, helper: u32) -> Option<u64> {
        let mock = self.answers.get_mut(&helper)?;
        let answer = mock.returns.get(mock.n_calls).or(mock.returns.last()).copied();
        mock.n_calls += 1;
        answer
    }
}

impl Mocks {
    /// Lets a helper return these values; without values it does again what it does by itself.
    pub fn set(&mut self, helper: u32, returns: Vec<u64>) {
        if returns.is_empty() {
            self.answers.remove(&helper);
        } else {
            self.answers.insert(helper, Mock { returns, n_calls: 0 });
        }
    }

    /// How often a mocked helper was called.
    pub fn n_calls(&self, helper: u32) -> usize {
        self.answers.get(&helper).map_or(0, |mock| mock.n_calls)
    }
}

impl Vm {
    /// Lets the helper with this number (`bpfc_kabi::helper` finds it by name) return these values in the calls that
    /// follow, one after the other and then the last again and again, in place of what it does: it reads and writes no
    /// memory. Without values it does again what it does by itself. Tail calls cannot be mocked.
    pub fn mock_helper(&mut self, helper: u32, returns: &[u64]) {
        self.each(|machine| machine.mocks.set(helper, returns.to_vec()));
    }

    /// How often a mocked helper was called.
    pub fn n_mocked(&self, helper: u32) -> usize {
        self.machine.mocks.n_calls(helper)
    }
}
