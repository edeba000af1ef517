//! Calls of kernel functions: `check_kfunc_args` (Linux 6.18 `kernel/bpf/verifier.c`).

use super::dynptr::{self, Dynptr, Place};
use super::memory::{self, Region};
use super::{argument, typed};
use crate::fault::{
    Callee, DynptrFault, Fault, FaultKind, GraphFault, IteratorFault, KernelFault, KfuncFault,
    KptrFault, ObjectFault, RcuFault,
};
use crate::obligation::AccessKind;
use crate::program::{
    Kernel, KfuncInfo, KfuncParam, Managed, ManagedField, ParamTy, Pointee, Program, is_plain,
};
use crate::state::{DynptrType, Kind, LockOwner, PtrFlags, StackObject, State, Types, Value};
use bpfc_btf::TypeId;
use bpfc_isa::Reg;
use bpfc_kabi::limits::MAX_VAR_SIZE;
use bpfc_kabi::{AttachType, Kfunc, KfuncFlags, ObjectKind, ProgType};
use std::sync::Arc;

/// What the arguments of an allowed call say.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// The reference that an argument holds.
    pub ref_id: u32,
    /// The argument whose reference the call gives back.
    pub released: Option<Reg>,
    /// The constant argument.
    pub constant: Option<u64>,
    /// The initialised dynptr that is passed.
    pub dynptr: Option<Dynptr>,
    /// Where a dynptr is made, what it leads to, and the reference that it shares.
    pub made: Option<(Place, DynptrType, u32)>,
    /// The iterator that is passed, and its type; without an object where it is made.
    pub iterator: Option<(Place, TypeId, Option<StackObject>)>,
    /// The struct of the program that is passed.
    pub object: Option<(Types, TypeId)>,
    /// Whether the object is passed by the one who owns it.
    pub is_owner: bool,
    /// What the list or tree holds, and where the node is in that.
    pub root: Option<(TypeId, u32)>,
    /// The size of the memory that is returned, and whether it may only be read.
    pub buffer: Option<(u32, bool)>,
    /// The function that is called back.
    pub callback: Option<u32>,
    /// Memory that the function may read and write.
    pub memory: Vec<(Reg, u64)>,
    /// Numbers whose value mattered.
    pub precise: Vec<Reg>,
}

/// What the call of the kernel function `func` does, if it is allowed.
pub fn call(program: &Program<'_>, state: &State, func: u32) -> Result<Call, Fault> {
    let Some(kernel) = &program.of_kernel else {
        return Ok(Call::default());
    };
    let info = &kernel.kfuncs[func as usize];
    let mut question = Question { program, kernel, state, info, func, call: Call::default() };
    question.callable().map_err(Fault::alone)?;
    for idx in 0..info.params.len() {
        let reg = Reg::ARGS[idx];
        question.argument(idx).map_err(|kind| Fault::of(kind, Some(reg), *state.reg(reg)))?;
    }
    question.complete().map_err(Fault::alone)?;
    Ok(question.call)
}

struct Question<'q, 'a> {
    program: &'q Program<'a>,
    kernel: &'q Kernel,
    state: &'q State,
    info: &'q KfuncInfo,
    func: u32,
    call: Call,
}

impl Question<'_, '_> {
    fn name(&self) -> &'static str {
        self.info.row.name
    }

    fn has(&self, flag: KfuncFlags) -> bool {
        self.info.has(flag)
    }

    fn refuse<T>(&self, idx: Option<usize>, why: KfuncFault) -> Result<T, FaultKind> {
        Err(FaultKind::Kernel(KernelFault::Kfunc { func: self.func, idx, why }))
    }

    fn wrong_object<T>(&self, idx: usize, why: ObjectFault) -> Result<T, FaultKind> {
        let callee = Callee::Kfunc(self.func);
        Err(FaultKind::Kernel(KernelFault::Object { callee, idx, why }))
    }

    /// Whether the program may call it at all, here.
    fn callable(&self) -> Result<(), FaultKind> {
        if let (Some(prog), Some(_)) = (self.program.prog_type, self.program.helper_kernel)
            && (!is_allowed(self.info.row, prog) || self.is_for_iterators_only())
        {
            return self.refuse(None, KfuncFault::NotHere);
        }
        let scopes = &self.state.scopes;
        if self.has(KfuncFlags::SLEEPABLE) && !scopes.may_sleep() {
            return self.refuse(None, KfuncFault::Sleeps);
        }
        if self.info.is_rcu_protected() && !scopes.is_in_rcu() && self.program.is_since(6, 18) {
            return Err(FaultKind::Kernel(KernelFault::Iterator(IteratorFault::NoRcu)));
        }
        let rcu = |why| Err(FaultKind::Kernel(KernelFault::Rcu(why)));
        match self.name() {
            "bpf_rcu_read_lock" | "bpf_rcu_read_unlock"
                if scopes.n_rcu > 0 && self.is_in_comparison() =>
            {
                rcu(RcuFault::InCallback)
            }
            "bpf_rcu_read_lock" if scopes.n_rcu > 0 && !self.program.is_since(6, 19) => {
                rcu(RcuFault::Nested)
            }
            "bpf_rcu_read_unlock" if scopes.n_rcu == 0 => rcu(RcuFault::NotOpen),
            _ => Ok(()),
        }
    }

    /// `bpf_sock_destroy` is for programs that iterate over sockets (`tracing_iter_filter`).
    fn is_for_iterators_only(&self) -> bool {
        self.name() == "bpf_sock_destroy" && self.program.attach_type != Some(AttachType::TraceIter)
    }

    fn argument(&mut self, idx: usize) -> Result<(), FaultKind> {
        let param = &self.info.params[idx];
        if param.ends("__ign") || param.ends("__prog") || idx > 0 && self.is_covered(idx) {
            return Ok(());
        }
        let value = *self.state.reg(Reg::ARGS[idx]);
        match (param.ty, value.kind) {
            (_, Kind::Uninit) => Err(FaultKind::Uninit),
            (_, Kind::Unknown) => Ok(()),
            (ParamTy::Number, _) => self.number(idx, param, &value),
            (ParamTy::Pointer(pointee), _) => self.pointer(idx, param, pointee, &value),
            (ParamTy::Other, _) => self.refuse(Some(idx), KfuncFault::Type),
        }
    }

    /// Whether the parameter is the size of the memory before it.
    fn is_covered(&self, idx: usize) -> bool {
        let before = &self.info.params[idx - 1];
        self.info.is_size(idx)
            && self.state.reg(Reg::ARGS[idx]).is_scalar()
            && matches!(before.ty, ParamTy::Pointer(_))
    }

    fn number(&mut self, idx: usize, param: &KfuncParam, value: &Value) -> Result<(), FaultKind> {
        if !value.is_scalar() {
            return self.refuse(Some(idx), KfuncFault::Kind("a number"));
        }
        let is_size = matches!(param.name.as_str(), "rdonly_buf_size" | "rdwr_buf_size");
        if !is_size && !param.ends("__k") {
            return Ok(());
        }
        let Some(constant) = value.number.as_constant() else {
            return self.refuse(Some(idx), KfuncFault::NotConstant);
        };
        self.call.precise.push(Reg::ARGS[idx]);
        if is_size {
            let Ok(size) = u32::try_from(constant) else {
                return self.refuse(Some(idx), KfuncFault::Size);
            };
            self.call.buffer = Some((size, param.name == "rdonly_buf_size"));
        } else {
            self.call.constant = Some(constant);
        }
        Ok(())
    }

    fn pointer(
        &mut self,
        idx: usize,
        param: &KfuncParam,
        pointee: Pointee,
        value: &Value,
    ) -> Result<(), FaultKind> {
        let is_nullable = param.ends("__nullable");
        let is_careful = self.info.wants_trusted() || self.has(KfuncFlags::RCU);
        let may_be_null = value.is_zero() || value.is_nullable;
        if is_careful && may_be_null && !is_nullable && !param.ends("__opt") {
            return self.refuse(Some(idx), KfuncFault::MaybeNull);
        }
        let is_release = self.has(KfuncFlags::RELEASE);
        if value.ref_id != 0 {
            self.call.ref_id = value.ref_id;
            if is_release {
                self.call.released = Some(Reg::ARGS[idx]);
            }
        }
        let is_context = self.name() == "bpf_cast_to_kern_ctx"
            || param.target.is_some_and(|ty| self.kernel.is_context(self.program.prog_type, ty));
        if is_context {
            return match value.kind == Kind::Ctx {
                true if value.fixed_offset() == Some(0) => Ok(()),
                true => Err(FaultKind::CtxModified),
                false => self.refuse(Some(idx), KfuncFault::Kind("the program's context")),
            };
        }
        if is_nullable && value.is_zero() {
            self.call.precise.push(Reg::ARGS[idx]);
            return Ok(());
        }
        if is_release && value.ref_id != 0 && value.fixed_offset() != Some(0) {
            return self.refuse(Some(idx), KfuncFault::Displaced);
        }
        if let Some(answer) = self.marked(idx, param, value) {
            return answer;
        }
        let is_object = matches!(value.kind, Kind::Typed(_) | Kind::Btf | Kind::Map(_))
            || matches!(value.kind, Kind::Object(object) if object != ObjectKind::FlowKeys);
        if is_object {
            return self.object(idx, param, pointee, value);
        }
        if pointee == Pointee::Func {
            let Kind::Func(func) = value.kind else {
                return self.refuse(Some(idx), KfuncFault::Kind("a function"));
            };
            self.call.callback = Some(func);
            return Ok(());
        }
        self.memory(idx, param, pointee, value)
    }

    /// An argument that the name or the type of the parameter marks as something special; none if it is not.
    fn marked(
        &mut self,
        idx: usize,
        param: &KfuncParam,
        value: &Value,
    ) -> Option<Result<(), FaultKind>> {
        let target = param.target.map(|ty| self.kernel.btf.name(ty));
        if param.ends("__alloc") {
            return Some(self.allocated(idx, value));
        }
        if param.ends("__refcounted_kptr") {
            return Some(self.refcounted(idx, value));
        }
        Some(match target {
            Some("bpf_dynptr") => self.dynptr(param, value),
            _ if self.is_iterator(idx, param) => self.iterator(idx, param, value),
            Some("bpf_list_head") => self.root(false, value),
            Some("bpf_rb_root") => self.root(true, value),
            Some("bpf_list_node") => self.node(false, value),
            Some("bpf_rb_node") => self.node(true, value),
            _ if param.ends("__str") => match argument::constant_string(self.program, value) {
                true => Ok(()),
                false => self.refuse(Some(idx), KfuncFault::String),
            },
            _ if param.ends("__map") && value.typed().is_none() => self.map(idx, value),
            Some("bpf_wq" | "bpf_task_work" | "bpf_res_spin_lock" | "bpf_timer") => {
                match value.kind {
                    Kind::MapValue(_) => Ok(()),
                    _ if target == Some("bpf_res_spin_lock") && value.typed().is_some() => Ok(()),
                    _ => self.refuse(Some(idx), KfuncFault::Kind("a field of a map value")),
                }
            }
            _ if param.ends("__irq_flag") => match value.kind {
                Kind::Stack { .. } => Ok(()),
                _ => self.refuse(Some(idx), KfuncFault::Kind("a pointer to the stack")),
            },
            _ => return None,
        })
    }

    fn map(&mut self, idx: usize, value: &Value) -> Result<(), FaultKind> {
        match value.kind {
            Kind::Map(_) => Ok(()),
            _ => self.refuse(Some(idx), KfuncFault::Kind("a map")),
        }
    }

    fn allocated(&mut self, idx: usize, value: &Value) -> Result<(), FaultKind> {
        let Some(typed) = value.typed() else {
            return self.wrong_object(idx, ObjectFault::NotAnObject);
        };
        let wanted = match self.name() {
            "bpf_percpu_obj_drop_impl" => PtrFlags::ALLOCATED.with(PtrFlags::PERCPU),
            _ => PtrFlags::ALLOCATED,
        };
        if typed.flags != wanted || value.is_nullable {
            return self.wrong_object(idx, ObjectFault::NotHeld);
        }
        if value.ref_id == 0 {
            return self.wrong_object(idx, ObjectFault::NotHeld);
        }
        self.call.object = Some((typed.types, typed.ty));
        Ok(())
    }

    fn refcounted(&mut self, idx: usize, value: &Value) -> Result<(), FaultKind> {
        let Some(typed) = value.typed().filter(|t| t.flags.has(PtrFlags::ALLOCATED)) else {
            return self.wrong_object(idx, ObjectFault::NotAnObject);
        };
        if value.is_nullable {
            return self.refuse(Some(idx), KfuncFault::MaybeNull);
        }
        self.call.is_owner = !typed.flags.has(PtrFlags::NON_OWNING) && value.ref_id != 0;
        let record = self.kernel.record(typed.ty);
        if !record.iter().any(|field| field.what == Managed::Refcount) {
            return Err(FaultKind::Kernel(KernelFault::Graph(GraphFault::NoField)));
        }
        self.call.object = Some((typed.types, typed.ty));
        Ok(())
    }

    fn dynptr(&mut self, param: &KfuncParam, value: &Value) -> Result<(), FaultKind> {
        if !param.ends("__uninit") {
            self.call.dynptr = Some(dynptr::initialised(self.state, value)?);
            return Ok(());
        }
        let (ty, ref_id) = match (self.name(), &self.call.dynptr) {
            ("bpf_dynptr_from_xdp", _) => (DynptrType::Xdp, 0),
            ("bpf_dynptr_from_skb_meta", _) => (DynptrType::SkbMeta, 0),
            ("bpf_dynptr_clone", Some(parent)) => (parent.ty, parent.ref_id),
            _ => (DynptrType::Skb, 0),
        };
        self.call.made = Some((dynptr::uninitialised(self.state, value)?, ty, ref_id));
        Ok(())
    }

    fn is_iterator(&self, idx: usize, param: &KfuncParam) -> bool {
        match self.info.is_iterator() {
            true => idx == 0,
            false => param.ends("__iter"),
        }
    }

    fn iterator(&mut self, idx: usize, param: &KfuncParam, value: &Value) -> Result<(), FaultKind> {
        let fault = |why| Err(FaultKind::Kernel(KernelFault::Iterator(why)));
        if !matches!(value.kind, Kind::Stack { .. }) {
            return fault(IteratorFault::NotOnStack);
        }
        let Some(ty) = param.target else {
            return self.refuse(Some(idx), KfuncFault::Type);
        };
        if self.name() == "bpf_iter_css_task_new" {
            let is_iter = self.program.attach_type == Some(AttachType::TraceIter);
            let is_lsm = self.program.prog_type == Some(ProgType::Lsm);
            if !is_iter && !is_lsm && !self.state.scopes.is_sleepable {
                return fault(IteratorFault::NotHere);
            }
        }
        let n_slots = self.kernel.btf.size_of(ty).map_or(1, |size| size.div_ceil(8)) as usize;
        self.call.iterator = Some(match self.has(KfuncFlags::ITER_NEW) {
            true => (dynptr::new_iterator(self.state, value, n_slots)?, ty, None),
            false => {
                let (place, object) = dynptr::iterator(self.state, value, ty, n_slots)?;
                (place, ty, Some(object))
            }
        });
        Ok(())
    }

    /// The record and the place in it that a pointer to a managed field leads to.
    fn field(
        &self,
        value: &Value,
        fits: impl Fn(Managed) -> bool,
    ) -> Result<ManagedField, FaultKind> {
        let fault = |why| FaultKind::Kernel(KernelFault::Graph(why));
        let Some(off) = value.fixed_offset() else {
            return Err(fault(GraphFault::VariableOffset));
        };
        let record: Arc<[ManagedField]> = match value.kind {
            Kind::MapValue(map) => self.program.maps[map].managed.clone().into(),
            Kind::Typed(typed) if typed.types == Types::Program => self.kernel.record(typed.ty),
            _ => return Err(fault(GraphFault::NotAnObject)),
        };
        let found = record.iter().find(|f| i64::from(f.offset) == off && fits(f.what));
        found.copied().ok_or_else(|| fault(GraphFault::NoField))
    }

    fn root(&mut self, is_tree: bool, value: &Value) -> Result<(), FaultKind> {
        let fault = |why| Err(FaultKind::Kernel(KernelFault::Graph(why)));
        let owner = match value.kind {
            _ if value.is_nullable => return fault(GraphFault::NotAnObject),
            Kind::MapValue(map) => LockOwner::Map(map),
            Kind::Typed(typed) if typed.flags == PtrFlags::ALLOCATED => {
                if value.ref_id == 0 {
                    return fault(GraphFault::NotHeld);
                }
                LockOwner::Object(typed.ty.0)
            }
            _ => return fault(GraphFault::NotAnObject),
        };
        let field = self.field(
            value,
            |what| matches!(what, Managed::Root { is_tree: t, .. } if t == is_tree),
        )?;
        if !self.is_locked(owner, value) {
            return fault(GraphFault::NotLocked);
        }
        if let Managed::Root { ty, node_off, .. } = field.what {
            self.call.root = Some((ty, node_off));
        }
        Ok(())
    }

    fn is_locked(&self, owner: LockOwner, value: &Value) -> bool {
        let locks = &self.state.scopes.locks;
        locks.iter().any(|lock| lock.owner == owner && lock.id == value.id)
    }

    fn node(&mut self, is_tree: bool, value: &Value) -> Result<(), FaultKind> {
        let fault = |why| Err(FaultKind::Kernel(KernelFault::Graph(why)));
        let Some(typed) = value.typed().filter(|_| !value.is_nullable) else {
            return fault(GraphFault::NotAnObject);
        };
        let takes_member =
            matches!(self.name(), "bpf_rbtree_remove" | "bpf_rbtree_left" | "bpf_rbtree_right");
        if takes_member {
            if !typed.flags.has(PtrFlags::NON_OWNING) || value.ref_id != 0 {
                return fault(GraphFault::Ownership);
            }
            if self.is_in_comparison() && self.name() == "bpf_rbtree_remove" {
                return fault(GraphFault::InCallback);
            }
        } else {
            if typed.flags != PtrFlags::ALLOCATED {
                return fault(GraphFault::Ownership);
            }
            if value.ref_id == 0 {
                return fault(GraphFault::NotHeld);
            }
        }
        let field = self.field(value, |what| what == Managed::Node { is_tree })?;
        match self.call.root {
            Some((ty, node_off)) if ty == typed.ty && node_off == field.offset => {
                self.call.object = Some((typed.types, typed.ty));
                Ok(())
            }
            _ => fault(GraphFault::OtherNode),
        }
    }

    /// Whether the path is in the function that compares nodes of a tree.
    fn is_in_comparison(&self) -> bool {
        self.state.frames.iter().any(|frame| {
            frame.callback.is_some()
                && self.program.kfunc_name(frame.call_site) == Some("bpf_rbtree_add_impl")
        })
    }

    fn object(
        &mut self,
        idx: usize,
        param: &KfuncParam,
        pointee: Pointee,
        value: &Value,
    ) -> Result<(), FaultKind> {
        let is_careful = self.info.wants_trusted() || self.has(KfuncFlags::RCU);
        let is_rcu = value.typed().is_some_and(|typed| typed.flags.has(PtrFlags::RCU));
        if is_careful && !value.is_trusted() && value.kind != Kind::Btf {
            if !self.has(KfuncFlags::RCU) {
                return self.wrong_object(idx, ObjectFault::Untrusted);
            }
            if !is_rcu {
                return self.wrong_object(idx, ObjectFault::NotRcu);
            }
        }
        let is_map = param.ends("__map");
        let target = if is_map { self.kernel.find_struct("bpf_map") } else { param.target };
        let Some(wanted) = target else {
            return match pointee {
                // `void *` and numbers: only structs are taken.
                Pointee::Void | Pointee::Data(_) | Pointee::Other | Pointee::Func => {
                    self.refuse(Some(idx), KfuncFault::Kind("a pointer to memory"))
                }
                Pointee::Struct => Ok(()),
            };
        };
        self.displaced(idx, value)?;
        let (types, ty) = match value.kind {
            Kind::Typed(typed) => {
                let is_unsafe = typed.flags.is_unsafe() || value.is_nullable;
                if is_unsafe && !is_rcu {
                    return self.wrong_object(
                        idx,
                        match value.is_nullable {
                            true => ObjectFault::MaybeNull,
                            false => ObjectFault::Untrusted,
                        },
                    );
                }
                (typed.types, typed.ty)
            }
            Kind::Object(object) => {
                let name = match object {
                    ObjectKind::TcpSock => "tcp_sock",
                    ObjectKind::SockCommon => "sock_common",
                    _ => "sock",
                };
                (Types::Kernel, self.kernel.find_struct(name).unwrap_or(wanted))
            }
            Kind::Map(_) => (Types::Kernel, self.kernel.find_struct("bpf_map").unwrap_or(wanted)),
            _ => return Ok(()),
        };
        let names = (self.kernel.btf.name(wanted), self.kernel.name(types, ty));
        let is_alias = is_nocast_alias(names.0, names.1);
        let is_strict = self.has(KfuncFlags::RELEASE) && value.ref_id != 0 || is_alias;
        let off = u32::try_from(value.off).unwrap_or(u32::MAX);
        let is_projection = matches!(names, ("__sk_buff", "sk_buff") | ("xdp_md", "xdp_buff"));
        match is_projection || self.kernel.matches(types, ty, off, wanted, is_strict) {
            true => Ok(()),
            false => self.wrong_object(idx, ObjectFault::OtherType(wanted)),
        }
    }

    /// `check_func_arg_reg_off`.
    fn displaced(&self, idx: usize, value: &Value) -> Result<(), FaultKind> {
        let takes_offset = match value.kind {
            Kind::Typed(typed) => !typed.flags.has(PtrFlags::UNTRUSTED) && value.off >= 0,
            _ => value.off == 0,
        };
        let is_plain = value.number.as_constant() == Some(0);
        match is_plain && (takes_offset || value.off == 0) {
            true => Ok(()),
            false => self.wrong_object(idx, ObjectFault::Displaced),
        }
    }

    fn memory(
        &mut self,
        idx: usize,
        param: &KfuncParam,
        pointee: Pointee,
        value: &Value,
    ) -> Result<(), FaultKind> {
        let is_sized = self.info.is_size(idx + 1) && self.state.reg(Reg::ARGS[idx + 1]).is_scalar();
        let n_bytes = match pointee {
            _ if is_sized => return self.sized(idx, param, value),
            Pointee::Data(n_bytes) => u64::from(n_bytes),
            _ => return self.wrong_object(idx, ObjectFault::NotAnObject),
        };
        if value.is_zero() {
            self.call.precise.push(Reg::ARGS[idx]);
            return Ok(());
        }
        self.region(idx, value, n_bytes)
    }

    fn sized(&mut self, idx: usize, param: &KfuncParam, value: &Value) -> Result<(), FaultKind> {
        let size = *self.state.reg(Reg::ARGS[idx + 1]);
        if self.info.params[idx + 1].ends("__szk") {
            let Some(constant) = size.number.as_constant() else {
                return self.refuse(Some(idx + 1), KfuncFault::NotConstant);
            };
            self.call.constant = Some(constant);
        }
        self.call.precise.push(Reg::ARGS[idx + 1]);
        if value.is_zero() && param.ends("__opt") {
            self.call.precise.push(Reg::ARGS[idx]);
            return Ok(());
        }
        let number = &size.number;
        if number.smin < 0 || number.umax >= MAX_VAR_SIZE.into() {
            return self.refuse(Some(idx + 1), KfuncFault::Size);
        }
        if value.is_zero() && number.umax == 0 {
            return Ok(());
        }
        self.region(idx, value, number.umax)
    }

    /// Memory that the function may read and write.
    fn region(&mut self, idx: usize, value: &Value, n_bytes: u64) -> Result<(), FaultKind> {
        let mut value = *value;
        value.is_nullable = false;
        if value.is_scalar() {
            return self.refuse(Some(idx), KfuncFault::Kind("a pointer to memory"));
        }
        for kind in [AccessKind::Read, AccessKind::Write] {
            let region = Region {
                value: &value,
                off: 0,
                n_bytes,
                kind,
                by_helper: None,
                must_be_init: true,
            };
            memory::region(self.program, self.state, &region)?;
            if let Kind::MapValue(map) = value.kind
                && typed::kptr_touched(self.program, &value, map, 0, n_bytes).is_some()
            {
                return Err(FaultKind::Kernel(KernelFault::Kptr(KptrFault::ByHelper)));
            }
        }
        if let Kind::Stack { frame } = value.kind {
            let (min, max) = memory::stack_range(&value, 0);
            dynptr::is_data(self.state, frame, min, max + n_bytes as i64)?;
        }
        self.call.memory.push((Reg::ARGS[idx], n_bytes));
        Ok(())
    }

    /// What can be said of all arguments together, and of the result.
    fn complete(&mut self) -> Result<(), FaultKind> {
        if self.has(KfuncFlags::RELEASE) && self.call.released.is_none() {
            let is_known = self.info.params.iter().enumerate().any(|(idx, param)| {
                matches!(param.ty, ParamTy::Pointer(_))
                    && !matches!(self.state.reg(Reg::ARGS[idx]).kind, Kind::Unknown | Kind::Btf)
            });
            if is_known {
                return self.refuse(Some(0), KfuncFault::NotHeld);
            }
        }
        match (self.name(), self.call.constant) {
            ("bpf_obj_new_impl" | "bpf_percpu_obj_new_impl", Some(id)) => self.new_object(id),
            ("bpf_rdonly_cast", Some(id)) => {
                let ty = u32::try_from(id).map_or(TypeId::VOID, TypeId);
                // Since 6.17 `void` gives memory of no known size.
                let is_void = ty == TypeId::VOID && !self.program.is_before(6, 17);
                let kind = self.kernel.btf.kind(ty);
                let is_struct =
                    matches!(kind, Some(bpfc_btf::Kind::Struct | bpfc_btf::Kind::Union));
                match is_void || is_struct {
                    true => Ok(()),
                    false => self.refuse(Some(1), KfuncFault::Type),
                }
            }
            ("bpf_dynptr_slice_rdwr", _) => match argument::packet_may_be_written(self.program) {
                true => Ok(()),
                false => self.refuse(None, KfuncFault::PacketWrite),
            },
            _ => Ok(()),
        }
        .and_then(|()| match (self.name(), &self.call.dynptr) {
            ("bpf_dynptr_clone", None) => {
                Err(FaultKind::Kernel(KernelFault::Dynptr(DynptrFault::NotInitialised)))
            }
            _ => Ok(()),
        })
    }

    fn new_object(&self, id: u64) -> Result<(), FaultKind> {
        let ty = u32::try_from(id).map_or(TypeId::VOID, TypeId);
        let Some(own) = &self.kernel.own else {
            return self.refuse(Some(0), KfuncFault::Type);
        };
        if own.kind(ty) != Some(bpfc_btf::Kind::Struct) {
            return self.refuse(Some(0), KfuncFault::Type);
        }
        if self.name() == "bpf_percpu_obj_new_impl" {
            let is_small = own.size_of(ty).is_ok_and(|size| size <= 512);
            let has_fields = !self.kernel.record(ty).is_empty();
            if !is_small || has_fields || !is_plain(own, ty, 0) {
                return self.refuse(Some(0), KfuncFault::Type);
            }
        }
        Ok(())
    }
}

/// Whether two structs are the same but for a suffix that forbids to take one for the other
/// (`btf_type_ids_nocast_alias`).
fn is_nocast_alias(a: &str, b: &str) -> bool {
    let (long, short) = if a.len() > b.len() { (a, b) } else { (b, a) };
    long.strip_suffix("___init") == Some(short)
}

/// Whether programs of this type may call the function. What tracing programs and structs of functions may, programs
/// of type `Syscall` may too (Linux 6.10).
fn is_allowed(row: &Kfunc, prog: ProgType) -> bool {
    let of_syscall = prog == ProgType::Syscall
        && row.progs.contains(ProgType::Tracing)
        && row.progs.contains(ProgType::StructOps);
    row.progs.contains(prog) || prog == ProgType::Ext || of_syscall
}
