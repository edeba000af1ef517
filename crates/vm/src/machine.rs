//! The machine that programs run on: memory, maps, clock, and what belongs to one run.

use crate::bench::Bench;
use crate::counts::{Counter, ProgramCounts};
use crate::environment::Environment;
use crate::fault::{FaultKind, Place, Trap};
use crate::maps::Maps;
use crate::memory::{MAX_FRAMES, Memory, Region, address, locate, region};
use crate::outcome::Effect;
use crate::packet::Packet;
use crate::program::{Program, ProgramTable};
use crate::task::Task;
use crate::vm::Mocks;
use bpfc_isa::{AtomicOp, Size, Width};
use bpfc_kabi::ProgType;
use std::sync::Arc;

/// `MAX_TAIL_CALL_CNT` (Linux 5.16 `include/linux/bpf.h`).
const MAX_TAIL_CALLS: u32 = 33;
/// `BPF_MAX_LOOPS` (Linux 5.17 `include/linux/bpf.h`): the budget of `may_goto` and `bpf_loop`.
pub(crate) const MAX_LOOPS: u32 = 8 * 1024 * 1024;
/// Bytes that the effects of one run may take.
const MAX_EFFECT_BYTES: usize = 64 << 20;

/// Everything that programs can change.
#[derive(Clone, Debug, Default)]
pub(crate) struct Machine {
    pub memory: Memory,
    pub maps: Maps,
    pub environment: Environment,
    pub clock: Clock,
    pub programs: Arc<ProgramTable>,
    /// How many maps are the object's own; those of data sections follow.
    pub n_object_maps: u32,
    /// Bytes of a stack frame.
    pub frame_bytes: u32,
    /// Address of the task that runs programs.
    pub task: Task,
    pub run: Run,
    pub trace: Trace,
    /// How often instructions were executed, if that is counted.
    pub counter: Option<Box<Counter>>,
    /// The test that runs, if one does.
    pub bench: Option<Box<Bench>>,
    pub mocks: Mocks,
}

/// What a run executed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    /// Steps to note, at most.
    pub limit: u32,
    pub steps: Vec<Traced>,
}

/// An instruction about to be executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traced {
    /// The instruction, counted from the program's start; a wide one counts once.
    pub insn_idx: u32,
    /// How many calls of functions are in progress.
    pub depth: u32,
    /// `r0` to `r10`.
    pub regs: [u64; 11],
}

/// Time and chance.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    now_ns: u64,
    random: u64,
}

/// The state of one run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    pub prog_type: Option<ProgType>,
    /// Instructions left.
    pub fuel: u64,
    /// Instructions at the start.
    pub fuel_limit: u64,
    /// Address of the context.
    pub ctx: u64,
    pub packet: Packet,
    pub effects: Vec<Effect>,
    effect_bytes: usize,
    /// Arguments and result of the traced function.
    pub args: Vec<u64>,
    pub return_value: u64,
    /// What `bpf_set_retval` says that the system call returns.
    pub retval: i32,
    /// How many checksums of the packet were checked beyond the first, if that one was (`skb->csum_level`).
    pub checksum_level: Option<u8>,
    n_tail_calls: u32,
    /// Where its frames begin: a test that runs a program has frames in front of it.
    pub first_frame: u32,
    /// Frames in use, and the loop budget of each.
    frames: Vec<u32>,
    /// Regions of kernel objects in use beside the task.
    n_objects: u32,
    /// The instruction that failed.
    pub location: Option<(Arc<Program>, u32)>,
}

impl Clock {
    pub fn new(environment: &Environment) -> Clock {
        Clock { now_ns: environment.time_ns, random: environment.seed }
    }
}

impl Machine {
    /// Writes down an instruction about to be executed.
    #[cold]
    pub fn note(&mut self, insn_idx: u32, regs: &[u64; 16], counts: Option<&mut ProgramCounts>) {
        if let Some(counts) = counts {
            counts.note(insn_idx);
        }
        if self.trace.steps.len() as u64 >= u64::from(self.trace.limit) {
            return;
        }
        let depth = self.run.frames.len().saturating_sub(1) as u32;
        let mut kept = [0; 11];
        kept.copy_from_slice(&regs[..11]);
        self.trace.steps.push(Traced { insn_idx, depth, regs: kept });
    }

    /// The time now; every call is later than the one before.
    pub fn now_ns(&mut self) -> u64 {
        let now = self.clock.now_ns;
        self.clock.now_ns = now.wrapping_add(self.environment.time_step_ns);
        now
    }

    /// Changes the world; the number of CPUs stays as it is.
    pub fn change_environment(&mut self, change: impl Fn(&mut Environment)) {
        let (n_cpus, time_ns) = (self.environment.n_cpus, self.environment.time_ns);
        change(&mut self.environment);
        self.environment.n_cpus = n_cpus;
        self.environment.cpu = self.environment.cpu.min(n_cpus.max(1) - 1);
        self.maps.set_cpu(self.environment.cpu);
        self.task.fill(&self.environment, &mut self.memory);
        if self.environment.time_ns != time_ns {
            self.clock.now_ns = self.environment.time_ns;
        }
    }

    /// Whether it executes a test function, not a program that this one runs.
    pub fn is_in_test(&self) -> bool {
        self.bench.is_some() && self.run.first_frame == 0
    }

    /// Sets the time now.
    pub fn set_time(&mut self, now_ns: u64) {
        self.clock.now_ns = now_ns;
    }

    /// A random number (SplitMix64, Steele, Lea and Flood 2014).
    pub fn random(&mut self) -> u64 {
        self.clock.random = self.clock.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = self.clock.random;
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Opens a stack frame; its frame pointer.
    pub fn enter_frame(&mut self) -> Result<u64, Trap> {
        let depth = self.run.frames.len() as u32;
        if depth >= MAX_FRAMES {
            return Err(Box::new(FaultKind::CallDepth { limit: MAX_FRAMES }));
        }
        let number = region::STACK + self.run.first_frame + depth;
        if number >= region::CONTEXT {
            return Err(Box::new(FaultKind::CallDepth { limit: MAX_FRAMES }));
        }
        self.run.frames.push(MAX_LOOPS);
        let frame = self.memory.region_mut(number);
        if frame.bytes.is_empty() {
            let bytes = vec![0; self.frame_bytes as usize];
            *frame = Region::new(Place::Stack { depth }, bytes);
        } else {
            frame.bytes.fill(0);
            frame.window = 0..self.frame_bytes;
        }
        Ok(self.frame_pointer())
    }

    /// Opens a frame in place of the current one.
    pub fn replace_frame(&mut self) -> Result<u64, Trap> {
        self.leave_frame();
        self.enter_frame()
    }

    /// Closes the current frame; pointers into it become invalid.
    pub fn leave_frame(&mut self) {
        if self.run.frames.pop().is_some() {
            let depth = self.run.frames.len() as u32 + self.run.first_frame;
            self.memory.region_mut(region::STACK + depth).window = 0..0;
        }
    }

    /// `r10` of the current frame.
    pub fn frame_pointer(&self) -> u64 {
        let depth = (self.run.frames.len() as u32).saturating_sub(1);
        address(region::STACK + self.run.first_frame + depth, self.frame_bytes)
    }

    /// Whether `may_goto` jumps: after as many rounds as the kernel allows in one frame.
    pub fn loop_budget_is_spent(&mut self) -> bool {
        let Some(budget) = self.run.frames.last_mut() else {
            return true;
        };
        let is_spent = *budget == 0;
        *budget = budget.saturating_sub(1);
        is_spent
    }

    /// The fault of a program without fuel.
    pub fn out_of_fuel(&self) -> Trap {
        Box::new(FaultKind::OutOfFuel { limit: self.run.fuel_limit })
    }

    /// Notes where a fault happened, unless a callee already did.
    pub fn locate_fault(&mut self, program: &Arc<Program>, idx: u32) {
        if self.run.location.is_none() {
            self.run.location = Some((Arc::clone(program), idx));
        }
    }

    /// The program that a tail call goes to; none if the call falls through
    /// (`bpf_tail_call`, Linux 4.2 `include/uapi/linux/bpf.h`).
    pub fn tail_call(&mut self, map: u64, index: u64) -> Result<Option<Arc<Program>>, Trap> {
        let Some(func) = self.maps.program(&self.memory, map, index as u32)? else {
            return Ok(None);
        };
        if self.run.n_tail_calls >= MAX_TAIL_CALLS {
            return Ok(None);
        }
        let target = match self.programs.programs.get(&func) {
            Some(Ok(program)) => Arc::clone(program),
            Some(Err(problem)) => return Err(FaultKind::unsupported(problem)),
            None => return Err(FaultKind::unsupported("a tail call to an unknown program")),
        };
        self.run.n_tail_calls += 1;
        self.effect(Effect::TailCall(target.linked.name.clone()))?;
        Ok(Some(target))
    }

    /// The first step of the function at `function`, an address that the program loaded.
    pub fn callback_start(&self, program: &Program, function: u64) -> Result<u32, Trap> {
        let (number, start) = locate(function);
        let is_start = program.linked.subprogs.iter().any(|sub| sub.start == start);
        if number != region::CODE || !is_start {
            let what = format!("the callback at {function:#x}, which is no function,");
            return Err(FaultKind::unsupported(what));
        }
        Ok(start)
    }

    /// Records an effect; a fault if there are too many.
    pub fn effect(&mut self, effect: Effect) -> Result<(), Trap> {
        let content = match &effect {
            Effect::Printk(text) | Effect::TailCall(text) => text.len(),
            Effect::Ringbuf { bytes, .. } | Effect::PerfEvent { bytes, .. } => bytes.len(),
            Effect::CloneRedirect { packet, .. } => packet.len(),
            Effect::Redirect { .. } | Effect::Signal(_) => 0,
        };
        self.run.effect_bytes += content + size_of::<Effect>();
        if self.run.effect_bytes > MAX_EFFECT_BYTES {
            let what = "more than 64 MiB of messages and records in one run";
            return Err(FaultKind::unsupported(what));
        }
        self.run.effects.push(effect);
        Ok(())
    }

    /// Puts an object into kernel memory until the run ends; its address.
    pub fn add_kernel_object(&mut self, bytes: Vec<u8>) -> Option<u64> {
        let number = region::KERNEL + 1 + self.run.n_objects;
        if number >= region::KERNEL_END {
            return None;
        }
        self.run.n_objects += 1;
        let mut object = Region::new(Place::Kernel, bytes);
        object.rights = crate::memory::Rights::ReadOnly;
        self.memory.map(number, object);
        Some(address(number, 0))
    }

    /// Forgets the last run: frames, kernel objects, effects.
    pub fn reset(&mut self) {
        while !self.run.frames.is_empty() {
            self.leave_frame();
        }
        for number in 0..self.run.n_objects {
            let object = self.memory.region_mut(region::KERNEL + 1 + number);
            *object = Region::new(Place::Kernel, Vec::new());
        }
        self.trace.steps.clear();
        self.run = Run::default();
    }

    /// An atomic operation on memory; the old value. The program is alone, so that it needs no
    /// more than a read and a write.
    pub fn atomic(
        &mut self,
        op: AtomicOp,
        width: Width,
        address: u64,
        src: u64,
        r0: u64,
    ) -> Result<u64, Trap> {
        let size = width.size();
        let old = self.memory.load(address, size)?;
        let expected = match width {
            Width::W32 => u64::from(r0 as u32),
            Width::W64 => r0,
        };
        let new = match op {
            AtomicOp::Add | AtomicOp::FetchAdd => old.wrapping_add(src),
            AtomicOp::Or | AtomicOp::FetchOr => old | src,
            AtomicOp::And | AtomicOp::FetchAnd => old & src,
            AtomicOp::Xor | AtomicOp::FetchXor => old ^ src,
            AtomicOp::Xchg => src,
            AtomicOp::CmpXchg if old == expected => src,
            AtomicOp::CmpXchg => old,
        };
        self.memory.store(address, size, new)?;
        Ok(old)
    }

    /// A number of the packet in network byte order, for `BPF_LD`; none outside the packet.
    pub fn load_packet(&mut self, offset: i32, size: Size) -> Result<Option<u64>, Trap> {
        let n_bytes = size.bytes() as usize;
        let Some(bytes) = self.run.packet.filter_bytes(&self.memory, offset, n_bytes)? else {
            return Ok(None);
        };
        let value = bytes.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte));
        Ok(Some(value))
    }
}
