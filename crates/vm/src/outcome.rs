//! What goes into a run and what comes out of it.

use bpfc_object::MapId;

/// What a program is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// The frame, from its Ethernet header on. Programs that take packets get an empty
    /// minimum-size frame if there is none.
    pub packet: Option<Vec<u8>>,
    /// Where the packet of a program that sees an `sk_buff` begins.
    pub start: PacketStart,
    /// The context's first bytes as the program sees them; the rest is zero. Fields that describe
    /// the packet are filled in by the machine.
    pub context: Option<Vec<u8>>,
    /// Arguments of the traced function or tracepoint, for program types that have them.
    pub args: Vec<ArgValue>,
    /// What the traced function returned.
    pub return_value: u64,
}

/// Where the packet of a program that sees an `sk_buff` begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PacketStart {
    /// As where the program is attached: at the Ethernet header for socket filters on packet
    /// sockets and for tc, at the network header for others.
    #[default]
    Attached,
    /// As `BPF_PROG_TEST_RUN`: at the Ethernet header for tc, at the network header for others,
    /// whose packet comes back with an Ethernet header of zeros (`bpf_prog_test_run_skb`, Linux
    /// 6.12 `net/bpf/test_run.c`).
    TestRun,
}

/// An argument of a traced function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgValue {
    /// A number.
    Number(u64),
    /// A pointer to the current task.
    Task,
    /// A pointer to kernel memory with this content.
    Kernel(Vec<u8>),
}

/// What a program did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// `r0` at the end.
    pub ret: u64,
    /// The packet afterwards, from its Ethernet header on, for programs that take one.
    pub packet: Option<Vec<u8>>,
    /// XDP metadata in front of the packet.
    pub metadata: Vec<u8>,
    /// The context's bytes afterwards.
    pub context: Vec<u8>,
    /// What became visible outside, in order.
    pub effects: Vec<Effect>,
    /// Number of instructions executed.
    pub n_insns: u64,
    /// The engines that ran the program and agreed.
    pub engines: Vec<&'static str>,
    /// Why an engine that was asked for did not run it.
    pub unsupported: Option<String>,
}

/// Something that leaves the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A message of `bpf_trace_printk` or `bpf_trace_vprintk`, without the final line end.
    Printk(String),
    /// A record of a ring buffer, seen when all records reserved before it were submitted or
    /// discarded.
    Ringbuf {
        /// The map.
        map: MapId,
        /// The record.
        bytes: Vec<u8>,
    },
    /// A sample in a perf event array.
    PerfEvent {
        /// The map.
        map: MapId,
        /// Index in it, normally the CPU.
        index: u32,
        /// What the program gave, and the packet bytes it asked for.
        bytes: Vec<u8>,
    },
    /// A redirection asked for with `bpf_redirect` and the like; it takes place if the program
    /// returns the code for it.
    Redirect {
        /// Where to.
        to: RedirectTarget,
        /// `BPF_F_…` as given.
        flags: u64,
    },
    /// A copy of the packet sent by `bpf_clone_redirect`.
    CloneRedirect {
        /// The interface.
        ifindex: u32,
        /// `BPF_F_…` as given.
        flags: u64,
        /// The packet as it was then.
        packet: Vec<u8>,
    },
    /// A tail call that took place, to the program with this name.
    TailCall(String),
    /// A signal sent to the current process.
    Signal(u32),
}

/// Where a packet is redirected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectTarget {
    /// A network interface.
    Interface(u32),
    /// The peer of a network interface.
    Peer(u32),
    /// The neighbour that the routing table names, through an interface.
    Neighbour(u32),
    /// An element of a map.
    Map {
        /// The map.
        map: MapId,
        /// The key.
        key: u64,
    },
}
