//! Which stack slots may still be read: data flow over what instructions were seen to read and to overwrite, for each
//! chain of calls by itself (`kernel/bpf/liveness.c`, Linux 6.18).
//!
//! Marks accumulate while paths are followed; [`Liveness::update`] spreads them, from callees to callers too. A kept state
//! whose paths all ended has all its marks, so that what is dead there stays dead.

use crate::program::{Program, Repeats, successors};
use crate::state::State;
use bpfc_kabi::limits::MAX_CALL_FRAMES;
use std::collections::HashMap;

const FRAMES: usize = MAX_CALL_FRAMES as usize;

/// Where the functions in progress were called; for the running one, where it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Chain {
    sites: [u32; FRAMES],
    n_frames: u8,
}

/// What is known of the slots of one frame at one instruction, a bit each.
#[derive(Clone, Copy, Debug, Default)]
struct Masks {
    may_read: u64,
    must_write: u64,
    /// Written here or later in the function, on every way.
    written_later: u64,
    live_before: u64,
}

/// A function, called along one chain.
#[derive(Debug)]
struct Instance {
    chain: Chain,
    starts: [u32; FRAMES],
    /// Per frame of the chain, per instruction of the function; empty if nothing was seen.
    masks: [Vec<Masks>; FRAMES],
    was_seen: Vec<bool>,
    must_update: bool,
    has_dropped: bool,
}

impl Instance {
    fn depth(&self) -> usize {
        usize::from(self.chain.n_frames) - 1
    }

    fn start(&self) -> u32 {
        self.starts[self.depth()]
    }

    fn masks(&mut self, frame: usize, insn_idx: u32) -> &mut Masks {
        let at = (insn_idx - self.start()) as usize;
        let n_insns = self.was_seen.len();
        let masks = &mut self.masks[frame];
        if masks.is_empty() {
            masks.resize(n_insns, Masks::default());
        }
        &mut masks[at]
    }

    fn live_before(&self, frame: usize, insn_idx: u32) -> u64 {
        let at = insn_idx.wrapping_sub(self.start()) as usize;
        self.masks[frame].get(at).map_or(0, |masks| masks.live_before)
    }

    fn read(&mut self, frame: usize, insn_idx: u32, bits: u64) {
        let masks = self.masks(frame, insn_idx);
        let is_new = bits & !masks.may_read & !masks.live_before != 0;
        masks.may_read |= bits;
        self.must_update |= is_new;
    }

    /// What one execution of an instruction surely overwrote, per frame.
    fn commit(&mut self, insn_idx: u32, writes: &[u64; FRAMES]) {
        let at = (insn_idx - self.start()) as usize;
        let was_seen = std::mem::replace(&mut self.was_seen[at], true);
        for (frame, &bits) in writes.iter().enumerate().take(self.depth() + 1) {
            if bits == 0 && (!was_seen || self.masks[frame].is_empty()) {
                continue;
            }
            let masks = self.masks(frame, insn_idx);
            let old = masks.must_write;
            let new = if was_seen { bits & old } else { bits };
            masks.must_write = new;
            self.must_update |= old != new;
            self.has_dropped |= old & !new != 0;
        }
    }
}

/// The liveness of all functions of a program.
#[derive(Debug, Default)]
pub struct Liveness {
    instances: Vec<Instance>,
    by_chain: HashMap<Chain, usize>,
    running: Option<usize>,
    insn_idx: u32,
    writes: [u64; FRAMES],
    n_bytes: u64,
}

impl Liveness {
    /// An instruction is about to run.
    pub fn begin(&mut self, program: &Program<'_>, state: &State) {
        if self.running.is_none() {
            self.running = Some(self.instance(program, state, state.frames.len()));
        }
        self.insn_idx = state.insn_idx;
        self.writes = [0; FRAMES];
    }

    /// The running instruction may read these slots of a frame.
    pub fn read(&mut self, frame: u8, bits: u64) {
        let insn_idx = self.insn_idx;
        if let Some(running) = self.running
            && usize::from(frame) <= self.instances[running].depth()
        {
            self.instances[running].read(usize::from(frame), insn_idx, bits);
        }
    }

    /// The running instruction overwrites this slot of a frame.
    pub fn write(&mut self, frame: u8, slot: u8) {
        if let Some(bits) = self.writes.get_mut(usize::from(frame)) {
            *bits |= 1 << slot;
        }
    }

    /// The instruction ran, and stayed in its function.
    pub fn commit(&mut self) {
        if let Some(running) = self.running {
            self.instances[running].commit(self.insn_idx, &self.writes);
        }
    }

    /// The next instruction is of another function or of another path.
    pub fn leave(&mut self) {
        self.running = None;
    }

    /// Spreads the marks along the calls in progress: when a path or a function ends.
    pub fn update(&mut self, program: &Program<'_>, state: &State) {
        self.leave();
        for n_frames in (1..=state.frames.len()).rev() {
            let idx = self.instance(program, state, n_frames);
            if self.instances[idx].must_update {
                self.spread(program, idx);
                self.instances[idx].must_update = false;
                self.instances[idx].has_dropped = false;
            }
        }
    }

    /// Per frame of `state`, the slots that may still be read.
    pub fn alive(&mut self, program: &Program<'_>, state: &State) -> [u64; FRAMES] {
        let mut alive = [0; FRAMES];
        let top = state.frames.len() - 1;
        let running = self.instance(program, state, top + 1);
        for (frame, bits) in alive.iter_mut().enumerate().take(top + 1) {
            *bits = self.instances[running].live_before(frame, state.insn_idx);
        }
        for caller in 0..top {
            let idx = self.instance(program, state, caller + 1);
            let site = state.frames[caller + 1].call_site;
            let repeats = program.code[site as usize].repeats == Some(Repeats::Callback);
            let at = if repeats { site } else { site + 1 };
            for (frame, bits) in alive.iter_mut().enumerate().take(caller + 1) {
                *bits |= self.instances[idx].live_before(frame, at);
            }
        }
        alive
    }

    /// Bytes of memory for the marks.
    pub fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    /// The instance of the innermost of the first `n_frames` frames.
    fn instance(&mut self, program: &Program<'_>, state: &State, n_frames: usize) -> usize {
        let n_frames = n_frames.min(FRAMES);
        let mut chain = Chain { sites: [0; FRAMES], n_frames: n_frames as u8 };
        let mut starts = [0; FRAMES];
        for (frame, start) in starts.iter_mut().enumerate().take(n_frames) {
            *start = program.funcs[state.frames[frame].func as usize].start;
            chain.sites[frame] = match frame + 1 < n_frames {
                true => state.frames[frame + 1].call_site,
                false => *start,
            };
        }
        self.of_chain(program, chain, starts)
    }

    fn of_chain(&mut self, program: &Program<'_>, chain: Chain, starts: [u32; FRAMES]) -> usize {
        if let Some(&idx) = self.by_chain.get(&chain) {
            return idx;
        }
        let start = starts[usize::from(chain.n_frames) - 1];
        let func = &program.funcs[program.code[start as usize].func as usize];
        let n_insns = (func.end - func.start) as usize;
        let n_bytes =
            size_of::<Instance>() + n_insns * usize::from(chain.n_frames) * size_of::<Masks>();
        self.n_bytes += n_bytes as u64;
        self.instances.push(Instance {
            chain,
            starts,
            masks: Default::default(),
            was_seen: vec![false; n_insns],
            must_update: false,
            has_dropped: false,
        });
        self.by_chain.insert(chain, self.instances.len() - 1);
        self.instances.len() - 1
    }

    /// `update_instance`: until nothing changes; then tells the caller.
    fn spread(&mut self, program: &Program<'_>, idx: usize) {
        let instance = &mut self.instances[idx];
        let (start, n_frames) = (instance.start(), usize::from(instance.chain.n_frames));
        for masks in &mut instance.masks[..n_frames] {
            if instance.has_dropped {
                masks.iter_mut().for_each(|masks| masks.written_later = 0);
            }
            let mut changed = !masks.is_empty();
            while changed {
                changed = false;
                for at in (0..masks.len()).rev() {
                    changed |= flow(program, masks, start, at);
                }
            }
        }
        if n_frames == 1 {
            return;
        }
        let (mut chain, starts) = (instance.chain, instance.starts);
        let mut reads = [0; FRAMES];
        let mut writes = [0; FRAMES];
        for frame in 0..n_frames - 1 {
            if let Some(masks) = instance.masks[frame].first() {
                (reads[frame], writes[frame]) = (masks.live_before, masks.written_later);
            }
        }
        let caller = n_frames - 2;
        let site = chain.sites[caller];
        chain.sites[caller + 1] = 0;
        chain.sites[caller] = starts[caller];
        chain.n_frames -= 1;
        let mut caller_starts = starts;
        caller_starts[caller + 1] = 0;
        let outer = self.of_chain(program, chain, caller_starts);
        let outer = &mut self.instances[outer];
        for (frame, &bits) in reads.iter().enumerate().take(caller + 1) {
            if bits != 0 {
                outer.read(frame, site, bits);
            }
        }
        outer.commit(site, &writes);
    }
}

/// The equations at one instruction; whether anything changed.
fn flow(program: &Program<'_>, masks: &mut [Masks], start: u32, at: usize) -> bool {
    let (mut live, mut later, mut has_next) = (0, !0, false);
    for next in successors(&program.code, start + at as u32) {
        let next = &masks[(next - start) as usize];
        live |= next.live_before;
        later &= next.written_later;
        has_next = true;
    }
    if !has_next {
        return false;
    }
    let here = &mut masks[at];
    let live = live & !here.must_write | here.may_read;
    let later = later | here.must_write;
    let changed = live != here.live_before || later != here.written_later;
    here.live_before = live;
    here.written_later = later;
    changed
}
