//! Stacks counted: those of events as they come, and those that programs count in maps.

use super::{IntMember, Side, StackLayout, Stacks, Trace};
use crate::Object;
use bpfc_base::Idx;
use bpfc_btf::Btf;
use bpfc_kabi::MapType;
use bpfc_loader::{LoadError, Map};
use bpfc_object::MapId;
use bpfc_symbols::Folded;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Different stacks of events that are counted.
const MAX_SAMPLES: usize = 1 << 20;

/// Which stacks are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sides {
    /// Those of processes.
    pub user: bool,
    /// Those of the kernel.
    pub kernel: bool,
}

/// Counts the stacks of one object's programs.
#[derive(Debug)]
pub struct Profile<'a> {
    stacks: Rc<RefCell<Stacks>>,
    /// By map: where stacks are in its events.
    events: Vec<Option<StackLayout>>,
    tables: Vec<Table<'a>>,
    counts: BTreeMap<Sample, u64>,
    n_dropped: u64,
    processes: BTreeSet<u32>,
}

/// A map whose elements have stacks.
#[derive(Debug)]
struct Table<'a> {
    map: &'a Map,
    layout: StackLayout,
    /// Whether they are in the key.
    is_key: bool,
    count: Option<IntMember>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Sample {
    comm: Option<String>,
    pid: Option<u32>,
    user: Trace,
    kernel: Trace,
}

impl<'a> Profile<'a> {
    /// Finds out where `object` has stacks; `btf` are its types and `maps` its maps in the kernel.
    ///
    /// # Errors
    /// This process has no descriptors left.
    pub fn new(
        object: &Object,
        btf: Option<&Btf>,
        maps: impl Fn(MapId) -> &'a Map,
    ) -> Result<Profile<'a>, LoadError> {
        let stacks = Stacks::new(object.maps.iter_enumerated().map(|(id, _)| maps(id)))?;
        let layout = |ty| StackLayout::of(btf?, ty, stacks.has_map());
        let events = object.maps.iter().map(|map| layout(map.event_type?)).collect();
        let tables = object.maps.iter_enumerated().filter_map(|(id, definition)| {
            let map = maps(id);
            if !map.is_listable() || map.kind() == Some(MapType::StackTrace) {
                return None;
            }
            let in_key = definition.key_type.and_then(layout).map(|layout| (layout, true));
            let found = in_key.or_else(|| Some((layout(definition.value_type?)?, false)));
            let (layout, is_key) = found?;
            let count = definition.value_type.zip(btf).and_then(|(ty, btf)| match is_key {
                true => IntMember::count_in(btf, ty),
                // Beside a stack in a value, a number may as well be a time.
                false => IntMember::named_count_in(btf, ty),
            });
            Some(Table { map, layout, is_key, count })
        });
        let mut tables: Vec<Table<'a>> = tables.collect();
        let events: Vec<Option<StackLayout>> = events;
        if tables.iter().any(|table| table.is_key) || events.iter().any(Option::is_some) {
            // Values with stacks are then what a program still needs, not what it found.
            tables.retain(|table| table.is_key);
        }
        Ok(Profile {
            stacks: Rc::new(RefCell::new(stacks)),
            events,
            tables,
            counts: BTreeMap::new(),
            n_dropped: 0,
            processes: BTreeSet::new(),
        })
    }

    /// What reads and names the stacks, for other uses too: it knows the processes that were looked at.
    pub fn stacks(&self) -> Rc<RefCell<Stacks>> {
        Rc::clone(&self.stacks)
    }

    /// Whether no map and no event has a stack.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.events.iter().all(Option::is_none)
    }

    /// Whether the events of a map have stacks.
    pub fn takes(&self, map: MapId) -> bool {
        self.events.get(map.index()).is_some_and(Option::is_some)
    }

    /// Counts the stacks of an event. Nothing is named yet.
    pub fn event(&mut self, map: MapId, bytes: &[u8]) {
        let Some(Some(layout)) = self.events.get(map.index()) else {
            return;
        };
        let mut stacks = self.stacks.borrow_mut();
        let sample = sample(&mut stacks, layout, bytes);
        if let Some(pid) = sample.pid
            && sample.user != Trace::None
            && self.processes.insert(pid)
        {
            stacks.symbols().remember(pid);
        }
        if self.counts.len() < MAX_SAMPLES || self.counts.contains_key(&sample) {
            *self.counts.entry(sample).or_default() += 1;
        } else {
            self.n_dropped += 1;
        }
    }

    /// Looks at the processes whose stacks were counted so far, so that stacks can be named after they have ended. To be called
    /// now and then while programs run. What cannot be listed at the moment is left for the next time.
    pub fn watch(&mut self) {
        for table in self.tables.iter().filter(|table| table.is_key) {
            let Some(pid) = table.layout.pid else { continue };
            for key in table.map.keys().map_while(Result::ok) {
                let pid = pid.read(&key).and_then(|pid| u32::try_from(pid).ok());
                self.processes.extend(pid.filter(|pid| *pid > 0));
            }
        }
        let mut stacks = self.stacks.borrow_mut();
        self.processes.iter().for_each(|pid| stacks.symbols().remember(*pid));
    }

    /// Whether there may be something to [watch](Profile::watch).
    pub fn is_watching(&self) -> bool {
        !self.processes.is_empty()
            || self.tables.iter().any(|table| table.is_key && table.layout.pid.is_some())
    }

    /// All stacks so far, of events and in maps, named and counted.
    ///
    /// # Errors
    /// A map cannot be read.
    pub fn folded(&self, sides: Sides) -> Result<Folded, LoadError> {
        let mut folded = Folded::default();
        for (sample, count) in &self.counts {
            self.fold(sample, *count, sides, &mut folded);
        }
        for table in &self.tables {
            let mut samples = Vec::new();
            for (key, values) in table.map.dump()? {
                let numbers = values.iter().map(|value| match table.count {
                    Some(count) => {
                        count.read(value).and_then(|n| u64::try_from(n).ok()).unwrap_or(0)
                    }
                    None => 1,
                });
                let count = numbers.fold(0_u64, u64::saturating_add);
                let holder = if table.is_key { Some(&key) } else { values.first() };
                if let (Some(bytes), true) = (holder, count > 0) {
                    samples
                        .push((sample(&mut self.stacks.borrow_mut(), &table.layout, bytes), count));
                }
            }
            for (sample, count) in samples {
                self.fold(&sample, count, sides, &mut folded);
            }
        }
        Ok(folded)
    }

    fn fold(&self, sample: &Sample, count: u64, sides: Sides, folded: &mut Folded) {
        let mut stacks = self.stacks.borrow_mut();
        let mut frames = |side, trace, is_wanted| match is_wanted {
            true => stacks.frames(side, sample.pid, trace),
            false => Vec::new(),
        };
        let user = frames(Side::User, &sample.user, sides.user);
        let kernel = frames(Side::Kernel, &sample.kernel, sides.kernel);
        let comm = match (&sample.comm, sample.pid) {
            (Some(comm), _) if !comm.is_empty() => comm.clone(),
            (_, Some(pid)) => match stacks.symbols().comm(pid) {
                Some(comm) => comm.to_owned(),
                None => format!("pid {pid}"),
            },
            (_, None) => "[all]".to_owned(),
        };
        folded.add(&comm, &user, &kernel, count);
    }

    /// What people should know of stacks that are lost or have no names.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.stacks.borrow().notes();
        if self.n_dropped > 0 {
            notes.push(format!(
                "{} events were not counted: they had more than {MAX_SAMPLES} different stacks",
                self.n_dropped
            ));
        }
        notes
    }
}

/// The stacks in some bytes: the first of each side.
fn sample(stacks: &mut Stacks, layout: &StackLayout, bytes: &[u8]) -> Sample {
    let pid = layout.process(bytes);
    let comm = layout.comm.and_then(|comm| comm.read(bytes));
    let (mut user, mut kernel) = (None, None);
    for member in &layout.stacks {
        let (side, trace) = stacks.trace(member, bytes);
        match side {
            Side::User => user.get_or_insert(trace),
            Side::Kernel => kernel.get_or_insert(trace),
        };
    }
    Sample { comm, pid, user: user.unwrap_or_default(), kernel: kernel.unwrap_or_default() }
}
