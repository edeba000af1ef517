//! Contexts: what a program's first argument points at, made from the input, and read back at the
//! end.

use crate::fault::Place;
use crate::machine::Machine;
use crate::memory::{Region, Rights, address, region};
use crate::outcome::{ArgValue, Input, PacketStart};
use crate::packet::{ETHERNET_BYTES, Packet, PacketKind, field, get_u32, put_u32, put_u64};
use bpfc_base::{Diagnostic, codes::load};
use bpfc_isa::Endian;
use bpfc_kabi::ProgType;

/// Longest packet: what a frame of the loopback device carries.
const MAX_PACKET_BYTES: usize = 65_535 + 14;
/// Longest context.
const MAX_CONTEXT_BYTES: usize = 1 << 20;
/// Size of contexts that nothing describes.
const DEFAULT_CONTEXT_BYTES: usize = 4096;
/// `struct pt_regs` of x86-64.
const PT_REGS_BYTES: usize = 168;
/// `struct bpf_perf_event_data` of x86-64.
const PERF_EVENT_BYTES: usize = PT_REGS_BYTES + 16;
/// Arguments that a traced function may have (`MAX_BPF_FUNC_ARGS`, Linux 5.6
/// `include/linux/bpf.h`).
const MAX_ARGS: usize = 12;

/// Why a program cannot be given an input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// `BPF_PROG_TEST_RUN` refuses it too.
    #[error("a packet of {n_bytes} bytes is shorter than an Ethernet header")]
    PacketTooShort {
        /// Its length.
        n_bytes: usize,
    },
    /// Longer than any frame.
    #[error("a packet of {n_bytes} bytes is longer than {MAX_PACKET_BYTES}")]
    PacketTooLong {
        /// Its length.
        n_bytes: usize,
    },
    /// Longer than any context.
    #[error("a context of {n_bytes} bytes is longer than {MAX_CONTEXT_BYTES}")]
    ContextTooLong {
        /// Its length.
        n_bytes: usize,
    },
    /// More arguments than functions have, or too many of them kernel objects.
    #[error("{n_args} arguments are more than {MAX_ARGS}")]
    TooManyArgs {
        /// Their number.
        n_args: usize,
    },
}

impl InputError {
    /// The error as a diagnostic.
    pub fn to_diagnostic(&self) -> Diagnostic {
        Diagnostic::without_span(load::E0911, self.to_string())
    }
}

/// Puts context and packet into memory and notes them in [`Machine::run`].
pub(crate) fn prepare(machine: &mut Machine, input: &Input) -> Result<(), InputError> {
    validate(input)?;
    let prog_type = machine.run.prog_type;
    machine.run.ctx = address(region::CONTEXT, 0);
    machine.run.args = arguments(machine, input)?;
    machine.run.return_value = input.return_value;
    let given = input.context.clone().unwrap_or_default();
    let kind = packet_kind(prog_type);
    let bytes = match kind {
        PacketKind::Xdp => sized(given, field::XDP_BYTES as usize),
        PacketKind::Skb => sized(given, field::SKB_BYTES as usize),
        PacketKind::Msg => sized(given, field::MSG_BYTES as usize),
        PacketKind::Reuseport => sized(given, field::REUSEPORT_BYTES as usize),
        PacketKind::None => tracing_context(machine, prog_type, given),
    };
    let mut context = Region::new(Place::Context, bytes);
    context.rights = rights(prog_type);
    machine.memory.map(region::CONTEXT, context);
    if kind != PacketKind::None {
        place_packet(machine, kind, input);
    }
    Ok(())
}

fn validate(input: &Input) -> Result<(), InputError> {
    let n_bytes = input.packet.as_ref().map_or(64, Vec::len);
    if n_bytes < ETHERNET_BYTES as usize {
        return Err(InputError::PacketTooShort { n_bytes });
    }
    if n_bytes > MAX_PACKET_BYTES {
        return Err(InputError::PacketTooLong { n_bytes });
    }
    let n_bytes = input.context.as_ref().map_or(0, Vec::len);
    if n_bytes > MAX_CONTEXT_BYTES {
        return Err(InputError::ContextTooLong { n_bytes });
    }
    let n_args = input.args.len();
    if n_args > MAX_ARGS {
        return Err(InputError::TooManyArgs { n_args });
    }
    Ok(())
}

fn sized(mut bytes: Vec<u8>, n_bytes: usize) -> Vec<u8> {
    bytes.resize(n_bytes, 0);
    bytes
}

fn packet_kind(prog_type: Option<ProgType>) -> PacketKind {
    match prog_type {
        Some(ProgType::Xdp) => PacketKind::Xdp,
        Some(
            ProgType::SocketFilter
            | ProgType::SchedCls
            | ProgType::SchedAct
            | ProgType::CgroupSkb
            | ProgType::LwtIn
            | ProgType::LwtOut
            | ProgType::LwtXmit
            | ProgType::LwtSeg6local
            | ProgType::SkSkb
            | ProgType::FlowDissector,
        ) => PacketKind::Skb,
        Some(ProgType::SkMsg) => PacketKind::Msg,
        Some(ProgType::SkReuseport) => PacketKind::Reuseport,
        _ => PacketKind::None,
    }
}

/// What programs may write (`*_is_valid_access`, Linux 6.12 `net/core/filter.c` and
/// `kernel/trace/bpf_trace.c`).
fn rights(prog_type: Option<ProgType>) -> Rights {
    let word = |offset: u32| offset..offset + 4;
    let cb = field::SKB_CB..field::SKB_CB + 20;
    let tstamp = field::SKB_TSTAMP..field::SKB_TSTAMP + 8;
    let [mark, priority] = [field::SKB_MARK, field::SKB_PRIORITY].map(word);
    let tc_index = word(field::SKB_TC_INDEX);
    match prog_type {
        Some(ProgType::SocketFilter | ProgType::FlowDissector) => Rights::Partial(vec![cb]),
        Some(ProgType::SchedCls | ProgType::SchedAct) => Rights::Partial(vec![
            mark,
            tc_index,
            priority,
            cb,
            word(field::SKB_TC_CLASSID),
            tstamp,
            word(field::SKB_QUEUE_MAPPING),
        ]),
        Some(ProgType::CgroupSkb) => Rights::Partial(vec![mark, priority, cb, tstamp]),
        Some(ProgType::LwtIn | ProgType::LwtOut | ProgType::LwtXmit | ProgType::LwtSeg6local) => {
            Rights::Partial(vec![mark, priority, cb])
        }
        Some(ProgType::SkSkb) => Rights::Partial(vec![tc_index, priority]),
        Some(
            ProgType::CgroupSock
            | ProgType::CgroupSockAddr
            | ProgType::CgroupSockopt
            | ProgType::CgroupSysctl
            | ProgType::SockOps
            | ProgType::SkLookup
            | ProgType::Syscall,
        ) => Rights::ReadWrite,
        _ => Rights::ReadOnly,
    }
}

/// The arguments as numbers.
fn arguments(machine: &mut Machine, input: &Input) -> Result<Vec<u64>, InputError> {
    let mut args = Vec::new();
    for arg in &input.args {
        args.push(match arg {
            ArgValue::Number(number) => *number,
            ArgValue::Task => machine.task.address,
            ArgValue::Kernel(bytes) => {
                let n_args = input.args.len();
                let address = machine.add_kernel_object(bytes.clone());
                address.ok_or(InputError::TooManyArgs { n_args })?
            }
        });
    }
    Ok(args)
}

/// The context of programs that take no packet.
fn tracing_context(machine: &Machine, prog_type: Option<ProgType>, given: Vec<u8>) -> Vec<u8> {
    let endian = machine.memory.endian;
    let args = &machine.run.args;
    let ret = machine.run.return_value;
    match prog_type {
        Some(ProgType::Kprobe) => registers(endian, sized(given, PT_REGS_BYTES), args, ret),
        Some(ProgType::PerfEvent) => registers(endian, sized(given, PERF_EVENT_BYTES), args, ret),
        Some(
            ProgType::RawTracepoint
            | ProgType::RawTracepointWritable
            | ProgType::Tracing
            | ProgType::Lsm
            | ProgType::StructOps,
        ) => {
            let mut bytes = sized(given, (MAX_ARGS + 1) * 8);
            for (idx, arg) in (0..).zip(args) {
                put_u64(endian, &mut bytes, idx * 8, *arg);
            }
            // The result of a function follows its arguments.
            if ret != 0 {
                put_u64(endian, &mut bytes, args.len() as u32 * 8, ret);
            }
            bytes
        }
        _ if given.is_empty() => vec![0; DEFAULT_CONTEXT_BYTES],
        _ => given,
    }
}

/// Puts arguments and result where the System V ABI for x86-64 has them in `struct pt_regs`
/// (Linux 6.12 `arch/x86/include/asm/ptrace.h`).
fn registers(endian: Endian, mut bytes: Vec<u8>, args: &[u64], ret: u64) -> Vec<u8> {
    const ARGS: [u32; 6] = [112, 104, 96, 88, 72, 64];
    const RESULT: u32 = 80;
    for (offset, arg) in ARGS.into_iter().zip(args) {
        put_u64(endian, &mut bytes, offset, *arg);
    }
    if ret != 0 {
        put_u64(endian, &mut bytes, RESULT, ret);
    }
    bytes
}

fn place_packet(machine: &mut Machine, kind: PacketKind, input: &Input) {
    let default_frame = [0; 60];
    let frame = input.packet.as_deref().unwrap_or(&default_frame);
    let prog_type = machine.run.prog_type;
    let endian = machine.memory.endian;
    let mut packet = Packet::place(&mut machine.memory, kind, frame);
    match kind {
        PacketKind::Xdp => {
            let given = input.context.is_some();
            let ctx = &mut machine.memory.region_mut(region::CONTEXT).bytes;
            if given {
                // As in `BPF_PROG_TEST_RUN`, `data` gives the size of the metadata.
                packet.data += get_u32(endian, ctx, field::XDP_DATA).min(packet.len());
            }
            if get_u32(endian, ctx, field::XDP_INGRESS_IFINDEX) == 0 {
                put_u32(endian, ctx, field::XDP_INGRESS_IFINDEX, 1);
            }
        }
        PacketKind::Skb => {
            let at_link = match (prog_type, input.start) {
                (Some(ProgType::SchedCls | ProgType::SchedAct), _) => true,
                (Some(ProgType::SocketFilter), start) => start == PacketStart::Attached,
                _ => false,
            };
            let ctx = &mut machine.memory.region_mut(region::CONTEXT).bytes;
            describe(endian, ctx, frame, input, at_link);
            if !at_link {
                packet.data = packet.network;
                packet.meta = packet.data;
            }
        }
        PacketKind::Msg | PacketKind::Reuseport | PacketKind::None => {}
    }
    packet.publish(&mut machine.memory);
    machine.run.packet = packet;
}

/// Fields of `struct __sk_buff` that follow from the frame (`eth_type_trans`, Linux 6.12
/// `net/ethernet/eth.c`; `bpf_prog_test_run_skb`, `net/bpf/test_run.c`).
fn describe(endian: Endian, ctx: &mut [u8], frame: &[u8], input: &Input, at_link: bool) {
    let destination = frame.get(..6).unwrap_or(&[]);
    let pkt_type = match destination {
        [0, 0, 0, 0, 0, 0] => 0,
        [255, 255, 255, 255, 255, 255] => 1,
        [first, ..] if first & 1 != 0 => 2,
        // A frame reaches an attached program because it is for this host.
        _ if input.start == PacketStart::Attached => 0,
        _ => 3,
    };
    put_u32(endian, ctx, field::SKB_PKT_TYPE, pkt_type);
    let ether_type = [frame[12], frame[13]];
    let protocol = match u16::from_be_bytes(ether_type) {
        0x600.. => ether_type,
        // `ETH_P_802_3` for raw IPX, else `ETH_P_802_2`.
        _ if frame.get(14..16) == Some(&[255, 255]) => [0, 1],
        _ => [0, 4],
    };
    put_u32(endian, ctx, field::SKB_PROTOCOL, u32::from(endian.u16_of(protocol)));
    if get_u32(endian, ctx, field::SKB_IFINDEX) == 0 {
        put_u32(endian, ctx, field::SKB_IFINDEX, 1);
    }
    let is_counted = input.start == PacketStart::Attached || input.context.is_some();
    if get_u32(endian, ctx, field::SKB_WIRE_LEN) == 0 && is_counted {
        let header = if at_link { 0 } else { ETHERNET_BYTES };
        put_u32(endian, ctx, field::SKB_WIRE_LEN, frame.len() as u32 - header);
    }
}

/// The packet after a run, from its Ethernet header on, and its metadata.
pub(crate) fn packet_after(machine: &Machine, start: PacketStart) -> (Option<Vec<u8>>, Vec<u8>) {
    let packet = &machine.run.packet;
    let bytes = |range| packet.bytes(&machine.memory, range);
    match packet.kind {
        PacketKind::None => (None, Vec::new()),
        PacketKind::Xdp => {
            let metadata = bytes(packet.meta..packet.data).to_vec();
            (Some(bytes(packet.data..packet.end).to_vec()), metadata)
        }
        _ => {
            let is_tc =
                matches!(machine.run.prog_type, Some(ProgType::SchedCls | ProgType::SchedAct));
            let payload = bytes(packet.data..packet.end);
            let header = match start {
                _ if is_tc => &[][..],
                PacketStart::TestRun => &[0; ETHERNET_BYTES as usize],
                PacketStart::Attached => bytes(packet.mac..packet.data.max(packet.mac)),
            };
            (Some([header, payload].concat()), Vec::new())
        }
    }
}

/// The context after a run. Fields that hold addresses are zero: addresses are nobody's business.
pub(crate) fn bytes_after(machine: &Machine) -> Vec<u8> {
    let context = machine.memory.region(region::CONTEXT);
    let mut bytes = context.map_or(Vec::new(), |context| context.bytes.clone());
    let addresses: &[u32] = match machine.run.packet.kind {
        PacketKind::None => &[],
        PacketKind::Xdp => &[field::XDP_DATA, field::XDP_DATA_END, field::XDP_DATA_META],
        PacketKind::Skb => &[field::SKB_DATA, field::SKB_DATA_END, field::SKB_DATA_META],
        PacketKind::Msg | PacketKind::Reuseport => &[0, 4, 8, 12],
    };
    for &offset in addresses {
        put_u32(machine.memory.endian, &mut bytes, offset, 0);
    }
    bytes
}
