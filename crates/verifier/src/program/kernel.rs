//! What the kernel's types say of what a program uses: functions, variables, the hook that it is attached to, and the
//! fields of its own structs and maps that lead to objects of the kernel.

use super::fields::{self, ManagedField};
use super::hook::{self, Hook};
use super::kfunc::KfuncInfo;
use super::{Operand, walk};
use crate::state::{PtrFlags, Types};
use bpfc_btf::{Btf, KindSet, Type, TypeId};
use bpfc_kabi::{KernelVersion, ProgType};
use bpfc_object::{DataId, ExternId, ExternKind, Linked, Object, Reference};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

/// The kernel's types and the object's own.
#[derive(Debug)]
pub struct Kernel {
    /// The kernel's types.
    pub btf: Arc<Btf>,
    /// The object's own types.
    pub own: Option<Btf>,
    /// What the program is attached to.
    pub hook: Option<Hook>,
    /// The functions that the program calls.
    pub kfuncs: Vec<KfuncInfo>,
    /// The variables that it refers to.
    pub variables: Vec<Variable>,
    operands: HashMap<ExternId, Operand>,
    names: RefCell<HashMap<String, Option<TypeId>>>,
    records: RefCell<HashMap<TypeId, Arc<[ManagedField]>>>,
}

/// A variable of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variable {
    /// A struct, or anything that there is one of for each CPU.
    Object(TypeId, PtrFlags),
    /// Data of this size that can only be read.
    Data(u32),
    /// A number: the address.
    Address,
}

impl Kernel {
    /// Looks up what `linked` uses.
    pub fn new(
        object: &Object,
        linked: &Linked,
        btf: Arc<Btf>,
        version: Option<KernelVersion>,
    ) -> Kernel {
        let own = (object.btf.n_types() > 0).then(|| object.open_btf().ok()).flatten();
        let mut kernel = Kernel {
            hook: hook::of_program(object, linked, &btf, version),
            btf,
            own,
            kfuncs: Vec::new(),
            variables: Vec::new(),
            operands: HashMap::new(),
            names: RefCell::default(),
            records: RefCell::default(),
        };
        let mut is_percpu = None;
        for insn in &linked.insns {
            let Some(Reference::Extern(id)) = insn.reference else {
                continue;
            };
            if !kernel.operands.contains_key(&id) {
                let operand = kernel.look_up(object, id, &mut is_percpu);
                kernel.operands.insert(id, operand);
            }
        }
        kernel
    }

    /// What an instruction refers to by this symbol.
    pub fn operand(&self, id: ExternId) -> Operand {
        self.operands.get(&id).copied().unwrap_or(Operand::Kernel)
    }

    fn look_up(
        &mut self,
        object: &Object,
        id: ExternId,
        percpu: &mut Option<Vec<TypeId>>,
    ) -> Operand {
        let item = &object.externs[id];
        let name = bpfc_btf::core::essential_name(&item.name);
        match item.kind {
            ExternKind::Kfunc => {
                let row = bpfc_kabi::kfunc(name);
                match row.and_then(|row| KfuncInfo::new(&self.btf, row)) {
                    Some(info) => {
                        self.kfuncs.push(info);
                        Operand::Kfunc(self.kfuncs.len() as u32 - 1)
                    }
                    None => Operand::Kernel,
                }
            }
            ExternKind::Ksym => {
                let variable = match super::contract::is_typed(object, item) {
                    false => Variable::Address,
                    true => match self.btf.find_by_name(name, KindSet::VAR) {
                        Some(var) => self.variable(var, percpu),
                        None => return Operand::Kernel,
                    },
                };
                self.variables.push(variable);
                Operand::Variable(self.variables.len() as u32 - 1)
            }
            _ => Operand::Kernel,
        }
    }

    /// `check_pseudo_btf_id`.
    fn variable(&self, var: TypeId, percpu: &mut Option<Vec<TypeId>>) -> Variable {
        let Ok(Type::Var { ty, .. }) = self.btf.ty(var) else {
            return Variable::Address;
        };
        let percpu = percpu.get_or_insert_with(|| {
            let id =
                self.btf.find_by_name(".data..percpu", KindSet::of(&[bpfc_btf::Kind::DataSec]));
            match id.and_then(|id| self.btf.ty(id).ok()) {
                Some(Type::DataSec(section)) => section.vars().map(|var| var.var).collect(),
                _ => Vec::new(),
            }
        });
        let of_struct = walk::composite(&self.btf, ty);
        match (percpu.contains(&var), of_struct) {
            (true, Some((ty, _))) => Variable::Object(ty, PtrFlags::PERCPU),
            (true, None) => Variable::Object(ty, PtrFlags::PERCPU),
            (false, Some((ty, _))) => Variable::Object(ty, PtrFlags::NONE),
            (false, None) => Variable::Data(self.btf.size_of(ty).unwrap_or(0)),
        }
    }

    /// The types of one side.
    pub fn types(&self, types: Types) -> Option<&Btf> {
        match types {
            Types::Kernel => Some(&self.btf),
            Types::Program => self.own.as_ref(),
        }
    }

    /// The struct of the kernel with this name.
    pub fn find_struct(&self, name: &str) -> Option<TypeId> {
        if let Some(found) = self.names.borrow().get(name) {
            return *found;
        }
        let found = self.btf.find_by_name(name, KindSet::STRUCT);
        self.names.borrow_mut().insert(name.to_owned(), found);
        found
    }

    /// The kernel's struct that one of the object's own stands for.
    pub fn of_own(&self, ty: TypeId) -> Option<TypeId> {
        let own = self.own.as_ref()?;
        let (id, _) = own.resolved(ty).ok()?;
        self.find_struct(bpfc_btf::core::essential_name(own.name(id)))
    }

    /// The name of a type.
    pub fn name(&self, types: Types, ty: TypeId) -> &str {
        self.types(types).map_or("", |btf| btf.name(ty))
    }

    /// The managed fields of a struct of the program.
    pub fn record(&self, ty: TypeId) -> Arc<[ManagedField]> {
        if let Some(record) = self.records.borrow().get(&ty) {
            return Arc::clone(record);
        }
        let record: Arc<[ManagedField]> = match &self.own {
            Some(own) => fields::of_type(own, Some(&self.btf), ty).into(),
            None => Arc::new([]),
        };
        self.records.borrow_mut().insert(ty, Arc::clone(&record));
        record
    }

    /// The managed fields of a data section.
    pub fn of_data(&self, object: &Object, data: DataId) -> Vec<ManagedField> {
        let Some(own) = &self.own else {
            return Vec::new();
        };
        let variables = object.data[data].variables.iter();
        let variables = variables.filter_map(|variable| Some((variable.btf?, variable.offset)));
        fields::of_variables(own, Some(&self.btf), variables)
    }

    /// The kernel's own struct behind the context of programs of this type (`bpf_ctx_types.h`).
    pub fn kernel_context(&self, prog: ProgType) -> Option<TypeId> {
        let name = match prog {
            ProgType::SocketFilter
            | ProgType::SchedCls
            | ProgType::SchedAct
            | ProgType::CgroupSkb
            | ProgType::LwtIn
            | ProgType::LwtOut
            | ProgType::LwtXmit
            | ProgType::LwtSeg6local
            | ProgType::SkSkb => "sk_buff",
            ProgType::Xdp => "xdp_buff",
            ProgType::CgroupSock => "sock",
            ProgType::CgroupSockAddr => "bpf_sock_addr_kern",
            ProgType::SockOps => "bpf_sock_ops_kern",
            ProgType::SkMsg => "sk_msg",
            ProgType::FlowDissector => "bpf_flow_dissector",
            ProgType::Kprobe => "pt_regs",
            ProgType::PerfEvent => "bpf_perf_event_data_kern",
            ProgType::CgroupDevice => "bpf_cgroup_dev_ctx",
            ProgType::CgroupSysctl => "bpf_sysctl_kern",
            ProgType::CgroupSockopt => "bpf_sockopt_kern",
            ProgType::SkReuseport => "sk_reuseport_kern",
            ProgType::SkLookup => "bpf_sk_lookup_kern",
            ProgType::Netfilter => "bpf_nf_ctx",
            _ => return None,
        };
        self.find_struct(name)
    }

    /// Whether the struct is one that stands for the context of programs of this type.
    pub fn is_context(&self, prog: Option<ProgType>, ty: TypeId) -> bool {
        let name = self.btf.name(ty);
        let Some(prog) = prog else {
            return false;
        };
        let own = match bpfc_kabi::context_of(prog) {
            bpfc_kabi::ContextKind::Struct(context) => context.struct_name,
            _ => return false,
        };
        name == own
            || matches!((own, name), ("__sk_buff", "sk_buff") | ("xdp_md", "xdp_buff"))
            || matches!((own, name), ("pt_regs", "bpf_user_pt_regs_t" | "user_pt_regs"))
    }

    /// What an access of a struct finds.
    pub fn access(
        &self,
        types: Types,
        ty: TypeId,
        off: u32,
        n_bytes: u32,
    ) -> Result<walk::Found, walk::WalkFault> {
        let Some(btf) = self.types(types) else {
            return Ok(walk::Found::Number);
        };
        walk::access(btf, ty, off, n_bytes, types == Types::Kernel)
    }

    /// Whether at `off` in an object there is a struct `wanted` of the kernel.
    pub fn matches(
        &self,
        types: Types,
        ty: TypeId,
        off: u32,
        wanted: TypeId,
        is_strict: bool,
    ) -> bool {
        types == Types::Kernel && walk::matches(&self.btf, ty, off, wanted, is_strict)
    }
}
