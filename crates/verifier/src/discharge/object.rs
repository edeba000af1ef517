//! Arguments of helpers that lead to typed objects, to pointers to them in map values, and to dynptrs: `check_reg_type`,
//! `process_kptr_func` and `process_dynptr_func` (Linux 6.18 `kernel/bpf/verifier.c`).

use super::{dynptr, typed};
use crate::fault::{Callee, DynptrFault, FaultKind, KernelFault, KptrFault, ObjectFault};
use crate::program::{Kernel, KptrTag, Managed, ManagedField, Program};
use crate::state::{DynptrType, Kind, PtrFlags, State, Types, Value};
use bpfc_isa::Reg;
use bpfc_kabi::{Arg, ArgFlags, ArgKind, DynptrKind, Helper};

/// Whether an argument fits, if it is about an object of known type, a pointer to one, or a dynptr.
pub fn argument(
    program: &Program<'_>,
    state: &State,
    helper: &Helper,
    arg: Arg,
    idx: usize,
) -> Option<Result<(), FaultKind>> {
    let kernel = program.of_kernel.as_ref()?;
    let value = state.reg(Reg::ARGS[idx]);
    let question = Question { program, kernel, state, helper, arg, idx, value };
    match (arg.kind, value.kind) {
        (_, Kind::Unknown) => None,
        (ArgKind::Dynptr(kind), _) => Some(question.dynptr(kind)),
        (ArgKind::KptrDest, _) => Some(question.kptr_field().map(|_| ())),
        (ArgKind::Kptr, Kind::Scalar) if value.is_zero() => Some(Ok(())),
        (ArgKind::Kptr, _) => Some(question.kptr()),
        (_, Kind::Btf) => None,
        (ArgKind::BtfId(name), _) => Some(question.object(name)),
        (ArgKind::BtfSockCommon, Kind::Typed(_)) => Some(question.object("sock_common")),
        (ArgKind::PercpuBtfId, _) => Some(question.percpu()),
        _ => None,
    }
}

/// The field of a map value or of an object that `bpf_kptr_xchg` is to change: its first argument.
pub fn kptr_field(program: &Program<'_>, value: &Value) -> Result<ManagedField, KptrFault> {
    let kernel = program.of_kernel.as_ref().ok_or(KptrFault::NoField)?;
    let record = match value.kind {
        Kind::MapValue(map) => program.maps[map].managed.clone().into(),
        Kind::Typed(typed) if typed.flags.has(PtrFlags::ALLOCATED) => kernel.record(typed.ty),
        _ => return Err(KptrFault::NoField),
    };
    let off = value.fixed_offset().ok_or(KptrFault::VariableOffset)?;
    let at = |field: &&ManagedField| i64::from(field.offset) == off;
    let field = record.iter().find(at).ok_or(KptrFault::NoField)?;
    match field.what {
        Managed::Kptr { tag: KptrTag::Referenced | KptrTag::Percpu, .. } => Ok(*field),
        Managed::Kptr { .. } => Err(KptrFault::Unreferenced),
        _ => Err(KptrFault::NoField),
    }
}

struct Question<'q, 'a> {
    program: &'q Program<'a>,
    kernel: &'q Kernel,
    state: &'q State,
    helper: &'q Helper,
    arg: Arg,
    idx: usize,
    value: &'q Value,
}

impl Question<'_, '_> {
    fn refuse<T>(&self, why: ObjectFault) -> Result<T, FaultKind> {
        let callee = Callee::Helper(self.helper.id);
        Err(FaultKind::Kernel(KernelFault::Object { callee, idx: self.idx, why }))
    }

    fn has(&self, flag: ArgFlags) -> bool {
        self.arg.flags.has(flag)
    }

    fn object(&self, name: &str) -> Result<(), FaultKind> {
        if self.has(ArgFlags::NULLABLE) && self.value.is_zero() {
            return Ok(());
        }
        let Some(typed) = self.value.typed() else {
            return self.refuse(ObjectFault::NotAnObject);
        };
        if self.value.is_nullable && !self.has(ArgFlags::NULLABLE) {
            return self.refuse(ObjectFault::MaybeNull);
        }
        let is_fine = typed.flags == PtrFlags::NONE
            || typed.flags == PtrFlags::TRUSTED
            || typed.flags == PtrFlags::RCU
            || typed.flags == PtrFlags::RCU.with(PtrFlags::TRUSTED);
        if !is_fine {
            return self.refuse(ObjectFault::Untrusted);
        }
        let is_release = self.has(ArgFlags::RELEASE);
        if is_release && self.value.ref_id == 0 {
            return self.refuse(ObjectFault::NotHeld);
        }
        let is_plain = self.value.number.as_constant() == Some(0) && self.value.off >= 0;
        if !is_plain || is_release && self.value.off != 0 {
            return self.refuse(ObjectFault::Displaced);
        }
        let Some(wanted) = self.kernel.find_struct(name) else {
            return Ok(());
        };
        let off = self.value.off as u32;
        match self.kernel.matches(typed.types, typed.ty, off, wanted, false) {
            true => Ok(()),
            false => self.refuse(ObjectFault::OtherType(wanted)),
        }
    }

    fn percpu(&self) -> Result<(), FaultKind> {
        let Some(typed) = self.value.typed().filter(|t| t.flags.has(PtrFlags::PERCPU)) else {
            return self.refuse(ObjectFault::NotAnObject);
        };
        if self.value.is_nullable {
            return self.refuse(ObjectFault::MaybeNull);
        }
        match typed.flags.has(PtrFlags::UNTRUSTED) || typed.flags.has(PtrFlags::ALLOCATED) {
            true => self.refuse(ObjectFault::Untrusted),
            false => Ok(()),
        }
    }

    fn kptr_field(&self) -> Result<ManagedField, FaultKind> {
        if self.value.is_nullable {
            return self.refuse(ObjectFault::MaybeNull);
        }
        kptr_field(self.program, self.value)
            .map_err(|why| FaultKind::Kernel(KernelFault::Kptr(why)))
    }

    fn kptr(&self) -> Result<(), FaultKind> {
        let Some(typed) = self.value.typed() else {
            return self.refuse(ObjectFault::NotAnObject);
        };
        let flags = typed.flags.without(PtrFlags::ALLOCATED.with(PtrFlags::PERCPU));
        if flags != PtrFlags::NONE && flags != PtrFlags::TRUSTED && flags != PtrFlags::RCU {
            return self.refuse(ObjectFault::Untrusted);
        }
        if self.value.ref_id == 0 {
            return self.refuse(ObjectFault::NotHeld);
        }
        if self.value.fixed_offset() != Some(0) {
            return self.refuse(ObjectFault::Displaced);
        }
        let dest = self.state.reg(Reg::R1);
        if let Ok(ManagedField { what: Managed::Kptr { tag, types, ty }, .. }) =
            kptr_field(self.program, dest)
        {
            typed::kptr_fits(self.program, self.value, tag, types, ty)?;
        }
        Ok(())
    }

    fn dynptr(&self, kind: DynptrKind) -> Result<(), FaultKind> {
        let fault = |why| Err(FaultKind::Kernel(KernelFault::Dynptr(why)));
        if self.has(ArgFlags::UNINIT) {
            if kind == DynptrKind::Local {
                match self.state.reg(Reg::R1).kind {
                    Kind::MapValue(_) | Kind::Unknown => {}
                    _ => return fault(DynptrFault::NotInMap),
                }
            }
            return dynptr::uninitialised(self.state, self.value).map(|_| ());
        }
        let found = dynptr::initialised(self.state, self.value)?;
        if self.has(ArgFlags::RELEASE) && found.ref_id == 0 {
            return fault(DynptrFault::NotHeld);
        }
        let wanted = match kind {
            DynptrKind::Any => return Ok(()),
            DynptrKind::Local => DynptrType::Local,
            DynptrKind::Ringbuf => DynptrType::Ringbuf,
        };
        match found.ty == wanted {
            true => Ok(()),
            false => fault(DynptrFault::OtherType(wanted)),
        }
    }
}

/// What `bpf_kptr_xchg` gives: the object that the field led to.
pub fn kptr_taken(program: &Program<'_>, state: &State) -> Option<crate::state::Typed> {
    let field = kptr_field(program, state.reg(Reg::R1)).ok()?;
    let Managed::Kptr { tag, types, ty } = field.what else {
        return None;
    };
    let mut flags = PtrFlags::NONE;
    if types == Types::Program {
        flags = flags.with(PtrFlags::ALLOCATED);
    }
    if tag == KptrTag::Percpu {
        flags = flags.with(PtrFlags::PERCPU);
    }
    Some(crate::state::Typed { types, ty, flags })
}

/// Whether a value may be passed to a global function that wants a trusted pointer to an object of the kernel; `ty` is
/// the object's own idea of it.
pub fn fits_parameter(
    program: &Program<'_>,
    value: &Value,
    ty: bpfc_btf::TypeId,
    is_nullable: bool,
) -> bool {
    let Some(kernel) = &program.of_kernel else {
        return true;
    };
    if value.is_zero() || value.is_nullable {
        return is_nullable && (value.is_zero() || trusted_type(value).is_some());
    }
    match (kernel.of_own(ty), trusted_type(value)) {
        (_, None) => value.kind == Kind::Btf,
        (Some(wanted), Some(found)) => {
            kernel.matches(Types::Kernel, found, value.off.max(0) as u32, wanted, false)
        }
        (None, Some(_)) => true,
    }
}

fn trusted_type(value: &Value) -> Option<bpfc_btf::TypeId> {
    let typed = value.typed()?;
    let is_trusted = typed.flags == PtrFlags::TRUSTED || value.ref_id != 0;
    (is_trusted && typed.types == Types::Kernel).then_some(typed.ty)
}
