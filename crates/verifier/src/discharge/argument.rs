//! Arguments of helpers: `check_func_arg` (Linux 6.12 `kernel/bpf/verifier.c`).

use super::memory::{self, Region};
use super::object;
use crate::fault::{ArgFault, Argument, Fault, FaultKind, Use};
use crate::obligation::AccessKind;
use crate::program::{Content, Program};
use crate::state::{Kind, MapIdx, PtrFlags, State, Value};
use bpfc_isa::Reg;
use bpfc_kabi::limits::MAX_VAR_SIZE;
use bpfc_kabi::{
    Arg, ArgFlags, ArgKind, Helper, MapType, ObjectKind, ProgType, Proto, helper_by_id,
    helper_takes_map,
};

/// A call and one of its arguments.
struct Question<'a> {
    program: &'a Program<'a>,
    state: &'a State,
    helper: &'static Helper,
    proto: &'static Proto,
    arg: Arg,
    at: Argument,
    value: &'a Value,
}

/// Whether the register fits the helper's parameter `idx`.
pub fn check(program: &Program<'_>, state: &State, helper: u32, idx: usize) -> Result<(), Fault> {
    let row = helper_by_id(helper).expect("the helper was found before its arguments");
    let proto = proto_of(program, row);
    let Some(&arg) = proto.args.get(idx) else {
        return Ok(());
    };
    let question = Question {
        program,
        state,
        helper: row,
        proto,
        arg,
        at: Argument { helper, idx },
        value: state.reg(Reg::ARGS[idx]),
    };
    question.answer().map_err(|(kind, idx)| {
        let reg = Reg::ARGS[idx];
        Fault::of(kind, Some(reg), *state.reg(reg))
    })
}

/// The contract of a helper for this program.
pub fn proto_of(program: &Program<'_>, helper: &'static Helper) -> &'static Proto {
    program.prog_type.map_or(&helper.proto, |prog| helper.proto_for(prog))
}

/// The map that a call is about: the one in its map argument.
pub fn map_of_call(proto: &Proto, state: &State) -> Option<MapIdx> {
    let idx = proto.args.iter().position(|arg| arg.kind == ArgKind::ConstMapPtr)?;
    match state.reg(Reg::ARGS[idx]).kind {
        Kind::Map(map) => Some(map),
        _ => None,
    }
}

/// Whether programs of this type may change the packet (`may_access_direct_pkt_data`).
pub fn packet_may_be_written(program: &Program<'_>) -> bool {
    matches!(
        program.prog_type,
        None | Some(
            ProgType::SchedCls
                | ProgType::SchedAct
                | ProgType::Xdp
                | ProgType::LwtXmit
                | ProgType::SkSkb
                | ProgType::SkMsg
                | ProgType::CgroupSockopt
                | ProgType::Ext
        )
    )
}

/// Whether packet pointers may be arguments of `helper`.
fn packet_may_be_passed(program: &Program<'_>, helper: &Helper) -> bool {
    match program.prog_type {
        None | Some(ProgType::CgroupSockopt | ProgType::Ext) => true,
        Some(
            ProgType::LwtIn
            | ProgType::LwtOut
            | ProgType::LwtSeg6local
            | ProgType::SkReuseport
            | ProgType::FlowDissector
            | ProgType::CgroupSkb
            | ProgType::SchedCls
            | ProgType::SchedAct
            | ProgType::Xdp
            | ProgType::LwtXmit
            | ProgType::SkSkb
            | ProgType::SkMsg,
        ) => helper.effects.pkt_access,
        Some(_) => false,
    }
}

/// The size that goes with the memory argument `idx`: exact where it is known, else the largest.
pub fn size_of_argument(
    program: &Program<'_>,
    proto: &Proto,
    state: &State,
    idx: usize,
) -> Option<(u64, bool)> {
    let map = || map_of_call(proto, state).map(|map| &program.maps[map]);
    match proto.args[idx].kind {
        ArgKind::FixedMem(n_bytes) => Some((n_bytes.into(), true)),
        ArgKind::MapKey => Some((map()?.key_bytes.into(), true)),
        ArgKind::MapValue => Some((map()?.value_bytes.into(), true)),
        ArgKind::Mem => {
            let size = state.reg(*Reg::ARGS.get(idx + 1)?);
            size.is_scalar().then(|| (size.number.umax, size.number.as_constant().is_some()))
        }
        _ => None,
    }
}

impl Question<'_> {
    /// What is wrong, and with which argument.
    fn answer(&self) -> Result<(), (FaultKind, usize)> {
        let idx = self.at.idx;
        let here = |kind| (kind, idx);
        if self.value.kind == Kind::Unknown {
            return Ok(());
        }
        if self.arg.kind != ArgKind::Anything
            && self.value.is_packet()
            && !packet_may_be_passed(self.program, self.helper)
        {
            return self.refuse(ArgFault::NoPacket).map_err(here);
        }
        let is_null = self.is_nullable() && self.value.is_zero();
        match self.arg.kind {
            ArgKind::Anything => Ok(()),
            ArgKind::ConstSize => self.size(false),
            ArgKind::ConstSizeOrZero => self.size(true),
            _ if is_null => Ok(()),
            _ => {
                self.kind().map_err(here)?;
                self.memory().map_err(here)
            }
        }
    }

    fn is_nullable(&self) -> bool {
        self.arg.flags.has(ArgFlags::NULLABLE)
    }

    fn refuse(&self, why: ArgFault) -> Result<(), FaultKind> {
        Err(FaultKind::Argument(self.at, why))
    }

    /// Whether the register is of a kind that the parameter takes.
    fn kind(&self) -> Result<(), FaultKind> {
        let of_object =
            object::argument(self.program, self.state, self.helper, self.arg, self.at.idx);
        if let Some(answer) = of_object {
            return answer;
        }
        let (fits, wanted) = self.fits();
        if !fits {
            return self.refuse(ArgFault::Kind(wanted));
        }
        if self.value.is_nullable && !self.is_nullable() {
            return Err(FaultKind::MaybeNull(Use::Argument(self.at)));
        }
        if self.arg.kind == ArgKind::Ctx && self.value.fixed_offset() != Some(0) {
            return Err(FaultKind::CtxModified);
        }
        if self.arg.flags.has(ArgFlags::RELEASE) && !self.is_unmodelled() {
            if self.value.ref_id == 0 {
                return self.refuse(ArgFault::NotHeld);
            }
            if self.value.fixed_offset() != Some(0) {
                return self.refuse(ArgFault::Displaced);
            }
        }
        match self.arg.kind {
            ArgKind::ConstMapPtr => self.map(),
            ArgKind::ConstAllocSize => match self.value.number.as_constant() {
                Some(_) => Ok(()),
                None => self.refuse(ArgFault::NotConstant),
            },
            ArgKind::ConstStr => self.string(),
            _ => Ok(()),
        }
    }

    /// Objects whose references this verifier does not follow.
    fn is_unmodelled(&self) -> bool {
        matches!(self.arg.kind, ArgKind::Dynptr(_) | ArgKind::Kptr) || self.value.kind == Kind::Btf
    }

    fn fits(&self) -> (bool, &'static str) {
        let kind = self.value.kind;
        let is_memory = matches!(
            kind,
            Kind::Stack { .. }
                | Kind::Packet
                | Kind::PacketMeta
                | Kind::MapKey(_)
                | Kind::MapValue(_)
                | Kind::Mem { .. }
        );
        let is_sock = matches!(
            kind,
            Kind::Object(ObjectKind::Socket | ObjectKind::SockCommon | ObjectKind::TcpSock)
        );
        let is_pointer = self.value.is_pointer();
        let is_object = kind == Kind::Btf
            || matches!(kind, Kind::Typed(typed) if typed.flags == PtrFlags::TRUSTED);
        match self.arg.kind {
            ArgKind::Anything | ArgKind::ConstSize | ArgKind::ConstSizeOrZero => (true, ""),
            ArgKind::ConstMapPtr => (matches!(kind, Kind::Map(_)), "a map"),
            ArgKind::MapValue if self.takes_socket() => (is_pointer, "a socket"),
            ArgKind::MapKey | ArgKind::MapValue => (is_memory, "a pointer to memory"),
            ArgKind::Mem | ArgKind::FixedMem(_) => (is_memory || is_object, "a pointer to memory"),
            ArgKind::ConstAllocSize => (self.value.is_scalar(), "a number"),
            ArgKind::Ctx => (kind == Kind::Ctx, "the program's context"),
            ArgKind::SockCommon => (is_sock, "a socket"),
            ArgKind::Socket => (kind == Kind::Object(ObjectKind::Socket), "a full socket"),
            ArgKind::BtfSockCommon => (is_sock || kind == Kind::Btf, "a socket"),
            ArgKind::RingbufMem => {
                (matches!(kind, Kind::Mem { is_record: true, .. }), "a record of a ring buffer")
            }
            ArgKind::Func => (matches!(kind, Kind::Func(_)), "a function"),
            ArgKind::Stack => (matches!(kind, Kind::Stack { .. }), "a pointer to the stack"),
            ArgKind::ConstStr => (matches!(kind, Kind::MapValue(_)), "a constant string"),
            ArgKind::PercpuBtfId => (kind == Kind::Btf, "a per-CPU variable of the kernel"),
            ArgKind::BtfId(_) => (is_pointer, "a kernel object"),
            ArgKind::SpinLock | ArgKind::Timer | ArgKind::KptrDest => {
                (is_pointer, "a field of a map value")
            }
            ArgKind::Kptr => (is_pointer || self.value.is_zero(), "a kernel object"),
            ArgKind::Dynptr(_) => (is_pointer, "a dynptr on the stack"),
        }
    }

    /// Socket maps hold sockets, not bytes (`resolve_map_arg_type`).
    fn takes_socket(&self) -> bool {
        let map = map_of_call(self.proto, self.state);
        let kind = map.and_then(|map| self.program.maps[map].kind);
        matches!(kind, Some(MapType::Sockmap | MapType::Sockhash))
    }

    fn map(&self) -> Result<(), FaultKind> {
        let Kind::Map(map) = self.value.kind else {
            return Ok(());
        };
        let info = &self.program.maps[map];
        let (Some(kind), Some(prog)) = (info.kind, self.program.prog_type) else {
            return Ok(());
        };
        match helper_takes_map(self.helper, kind, prog) {
            true => Ok(()),
            false => self.refuse(ArgFault::MapType(kind.name().to_owned())),
        }
    }

    /// `check_reg_const_str`.
    fn string(&self) -> Result<(), FaultKind> {
        let Kind::MapValue(map) = self.value.kind else {
            return Ok(());
        };
        let info = &self.program.maps[map];
        if !info.is_read_only {
            return self.refuse(ArgFault::Kind("a constant string"));
        }
        let (Some(off), Content::Frozen(data)) = (self.value.fixed_offset(), &info.content) else {
            return self.refuse(ArgFault::Kind("a constant string"));
        };
        let content = self.program.object.data[*data].content();
        let rest = usize::try_from(off).ok().and_then(|off| content.get(off..));
        match rest.is_some_and(|rest| rest.contains(&0)) {
            true => Ok(()),
            false => self.refuse(ArgFault::Unterminated),
        }
    }

    /// Whether the memory of a parameter with a size of its own is there.
    fn memory(&self) -> Result<(), FaultKind> {
        let has_size =
            matches!(self.arg.kind, ArgKind::FixedMem(_) | ArgKind::MapKey | ArgKind::MapValue);
        if !has_size || self.takes_socket() && self.arg.kind == ArgKind::MapValue {
            return Ok(());
        }
        match size_of_argument(self.program, self.proto, self.state, self.at.idx) {
            Some((n_bytes, _)) => self.region(self.value, self.arg, self.at, n_bytes, true),
            None => Ok(()),
        }
    }

    fn region(
        &self,
        value: &Value,
        arg: Arg,
        at: Argument,
        n_bytes: u64,
        is_exact: bool,
    ) -> Result<(), FaultKind> {
        let writes = arg.flags.has(ArgFlags::WRITE) || arg.flags.has(ArgFlags::UNINIT);
        if arg.flags.has(ArgFlags::ALIGNED) {
            super::special::aligned(value, n_bytes as u32)?;
        }
        let region = Region {
            value,
            off: 0,
            n_bytes,
            kind: match writes {
                true => AccessKind::Write,
                false => AccessKind::Read,
            },
            by_helper: Some(at),
            must_be_init: true,
        };
        if value.is_scalar() {
            return Err(FaultKind::Argument(at, ArgFault::NoMemory));
        }
        memory::region(self.program, self.state, &region)?;
        // Memory that the helper may fill in part must have been filled before.
        let is_filled = arg.flags.has(ArgFlags::UNINIT) && is_exact;
        if writes && !is_filled && matches!(value.kind, Kind::Stack { .. }) {
            let read = Region { kind: AccessKind::Read, ..region };
            memory::region(self.program, self.state, &read)?;
        }
        Ok(())
    }

    /// `check_mem_size_reg`: the size, and whether the memory before it has that many bytes.
    fn size(&self, zero_is_allowed: bool) -> Result<(), (FaultKind, usize)> {
        let idx = self.at.idx;
        let fault = |why| Err((FaultKind::Argument(self.at, why), idx));
        if !self.value.is_scalar() {
            return fault(ArgFault::Kind("a number"));
        }
        let number = &self.value.number;
        if number.smin < 0 {
            return fault(ArgFault::NegativeSize);
        }
        if number.umin == 0 && !zero_is_allowed {
            return fault(ArgFault::ZeroSize);
        }
        if number.umax >= MAX_VAR_SIZE.into() {
            return fault(ArgFault::UnboundedSize);
        }
        let Some(memory_idx) = idx.checked_sub(1) else {
            return Ok(());
        };
        let memory = self.state.reg(Reg::ARGS[memory_idx]);
        if memory.is_zero() && number.umax == 0 {
            return Ok(());
        }
        let at = Argument { idx: memory_idx, ..self.at };
        let arg = self.proto.args[memory_idx];
        let is_exact = number.as_constant().is_some();
        self.region(memory, arg, at, number.umax, is_exact).map_err(|kind| (kind, memory_idx))
    }
}

/// Whether the pointer leads to a string that ends and that nobody changes.
pub fn constant_string(program: &Program<'_>, value: &Value) -> bool {
    let Kind::MapValue(map) = value.kind else {
        return false;
    };
    let info = &program.maps[map];
    let (true, Some(off), Content::Frozen(data)) =
        (info.is_read_only, value.fixed_offset(), &info.content)
    else {
        return false;
    };
    let content = program.object.data[*data].content();
    let rest = usize::try_from(off).ok().and_then(|off| content.get(off..));
    rest.is_some_and(|rest| rest.contains(&0))
}
