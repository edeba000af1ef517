//! A linked program prepared for verification: jump targets as instruction indices, maps, what each
//! function expects, which registers are alive, and where states are compared.

mod contract;
mod fields;
mod flow;
mod hook;
mod hook_null;
mod kernel;
mod kfunc;
mod maps;
mod record;
mod scc;
mod section;
mod walk;

pub use contract::{Contract, Param};
pub use fields::{KptrTag, Managed, ManagedField};
pub use hook::Slot as HookSlot;
pub use kernel::{Kernel, Variable};
pub use kfunc::{KfuncInfo, KfuncParam, KfuncRet, ParamTy, Pointee, is_plain};
pub use maps::{Content, MapInfo};
pub use record::{Field, FieldKind};
pub use scc::successors;
pub use section::{SectionCall, section_call};
pub use walk::{Found as FoundField, Inherited, WalkFault, inherited};

use crate::VerifyOptions;
use crate::state::MapIdx;
use bpfc_base::IndexVec;
use bpfc_btf::KindSet;
use bpfc_isa::{Callee, Insn, RegSet, SlotMap, Wide};
use bpfc_kabi::{AttachType, KernelVersion, MapType, ProgType, guess_section};
use bpfc_object::{ExternId, ExternKind, Linkage, Linked, Object, Reference};

/// A prepared program.
pub struct Program<'a> {
    /// The object.
    pub object: &'a Object,
    /// The program.
    pub linked: &'a Linked,
    /// Its type; none where nobody knows.
    pub prog_type: Option<ProgType>,
    /// Where it is to be attached.
    pub attach_type: Option<AttachType>,
    /// Whether it may sleep.
    pub is_sleepable: bool,
    /// The kernel it is for; none for "any".
    pub kernel: Option<KernelVersion>,
    /// What that kernel's types say of what the program uses.
    pub of_kernel: Option<Kernel>,
    /// The kernel whose helpers it may call; none for all.
    pub helper_kernel: Option<KernelVersion>,
    /// Whether a state is kept wherever states are compared (`BPF_F_TEST_STATE_FREQ`).
    pub keeps_all_states: bool,
    /// Whether the user who loads it has no privileges.
    pub is_unprivileged: bool,
    /// Whether every path is followed to its end, and written down.
    pub observes: bool,
    /// The name of the function that handles exceptions, if the program names one.
    pub exception_callback: Option<&'a str>,
    /// How many such names there are.
    pub n_exception_callbacks: usize,
    /// Whether all memory is only accessed at multiples of the size.
    pub aligns_strictly: bool,
    /// Whether the program refers to an arena.
    pub has_arena: bool,
    /// The instructions.
    pub code: Vec<Op>,
    /// The maps.
    pub maps: IndexVec<MapIdx, MapInfo>,
    /// The functions, the program itself first.
    pub funcs: Vec<FuncInfo>,
}

/// One instruction.
#[derive(Clone, Debug)]
pub struct Op {
    /// The instruction itself.
    pub insn: Insn,
    /// Where its jump leads; none for other instructions and for jumps into nowhere.
    pub target: Option<u32>,
    /// What it calls or loads.
    pub operand: Operand,
    /// The function it is in.
    pub func: u32,
    /// The registers whose contents may be read from here on.
    pub live: RegSet,
    /// Whether states are compared here.
    pub is_prune_point: bool,
    /// Whether control may come here from elsewhere than the instruction before.
    pub is_jump_point: bool,
    /// Whether a state is kept here each time: where a loop is cut off that ends by other means than its counter.
    pub is_force_checkpoint: bool,
    /// The loop that it is a part of, as a number; 0 for none.
    pub scc: u32,
    /// Such a means, if the instruction is one.
    pub repeats: Option<Repeats>,
}

/// What may lead to the same state again without being an endless loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// `may_goto`.
    MayGoto,
    /// The call that asks an open-coded iterator for the next thing.
    Iterator,
    /// A call that calls back before it returns.
    Callback,
}

/// What an instruction calls, or the address that it loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// Nothing special.
    None,
    /// A map.
    Map(MapIdx),
    /// An address in the only value of a map.
    MapValue(MapIdx, u32),
    /// A function of the program.
    Func(u32),
    /// A kernel function, as in [`Kernel::kfuncs`].
    Kfunc(u32),
    /// A variable of the kernel, as in [`Kernel::variables`].
    Variable(u32),
    /// Something of the kernel that is not modelled.
    Kernel,
}

/// One function.
#[derive(Clone, Debug)]
pub struct FuncInfo {
    /// Its name.
    pub name: String,
    /// Its first instruction.
    pub start: u32,
    /// One past its last instruction.
    pub end: u32,
    /// For a function that is verified once by itself: what callers must pass.
    pub contract: Option<Contract>,
    /// Whether it is verified once by itself.
    pub is_global: bool,
    /// Whether C says that it returns nothing.
    pub is_void: bool,
    /// Whether C says that it returns a number.
    pub returns_number: bool,
    /// Whether its type is known.
    pub has_type: bool,
    /// Whether it, or a function that it calls, calls a helper that moves the packet.
    pub changes_packet: bool,
    /// Whether it, or a function that it calls, calls what may sleep.
    pub may_sleep: bool,
}

impl<'a> Program<'a> {
    /// Prepares `linked`.
    pub fn new(object: &'a Object, linked: &'a Linked, options: &VerifyOptions) -> Program<'a> {
        let section = guess_section(&linked.section);
        let mut maps = maps::Maps::new(object, &options.config);
        let funcs = linked.subprogs.iter().enumerate().map(|(idx, subprog)| {
            let function = &object.functions[subprog.func];
            let is_global = idx > 0
                && function.linkage != Linkage::Static
                && !function.is_hidden
                && function.btf.is_some();
            FuncInfo {
                name: subprog.name.clone(),
                start: subprog.start,
                end: subprog.start + subprog.n_insns,
                is_global,
                contract: is_global
                    .then(|| contract::of_function(object, function, linked.prog_type))
                    .flatten(),
                is_void: contract::is_void(object, function),
                returns_number: contract::returns_number(object, function),
                has_type: function.btf.is_some(),
                changes_packet: false,
                may_sleep: false,
            }
        });
        let funcs: Vec<FuncInfo> = funcs.collect();
        let main = linked.subprogs.first().and_then(|main| object.functions[main.func].btf);
        let handlers = main.map_or(Vec::new(), |main| contract::exception_callbacks(object, main));
        let mut program = Program {
            object,
            linked,
            prog_type: linked.prog_type,
            attach_type: linked.attach_type,
            is_sleepable: section.is_some_and(|section| section.def.flags.is_sleepable)
                || linked.prog_type == Some(ProgType::Syscall),
            kernel: options.kernel,
            of_kernel: options
                .kernel_btf
                .clone()
                .map(|btf| Kernel::new(object, linked, btf, options.kernel)),
            helper_kernel: options.kernel.filter(|_| !options.ignores_availability),
            keeps_all_states: options.keeps_all_states,
            is_unprivileged: options.unprivileged,
            observes: options.observes,
            exception_callback: handlers.first().copied(),
            n_exception_callbacks: handlers.len(),
            aligns_strictly: options.aligns_strictly,
            has_arena: false,
            code: Vec::new(),
            maps: IndexVec::new(),
            funcs,
        };
        program.code = program.prepare(&mut maps);
        program.maps = maps.finish();
        program.has_arena = program.code.iter().any(|op| match op.operand {
            Operand::Map(map) => program.maps[map].kind == Some(MapType::Arena),
            _ => false,
        });
        program.find_managed();
        flow::mark(&mut program);
        program
    }

    fn prepare(&self, maps: &mut maps::Maps<'_>) -> Vec<Op> {
        let slots = SlotMap::new(&self.linked.plain_insns());
        let mut code = Vec::with_capacity(self.linked.insns.len());
        for (func, info) in self.funcs.iter().enumerate() {
            for insn_idx in info.start..info.end {
                let insn = &self.linked.insns[insn_idx as usize];
                let target = slots.target(insn_idx, &insn.insn);
                let jumps = insn.insn.jump_offset().is_some();
                let in_function = |target: &u32| (info.start..info.end).contains(target);
                code.push(Op {
                    insn: insn.insn,
                    target: target.filter(|target| jumps && in_function(target)),
                    operand: self.operand(insn, target, maps),
                    func: func as u32,
                    live: RegSet::EMPTY,
                    is_prune_point: false,
                    is_jump_point: false,
                    is_force_checkpoint: false,
                    repeats: None,
                    scc: 0,
                });
            }
        }
        code
    }

    fn operand(
        &self,
        insn: &bpfc_object::LinkedInsn,
        target: Option<u32>,
        maps: &mut maps::Maps<'_>,
    ) -> Operand {
        match (insn.reference, insn.insn) {
            (Some(Reference::Map(map)), _) => Operand::Map(maps.of_map(map)),
            (Some(Reference::Data { section, offset }), _) => {
                Operand::MapValue(maps.of_data(section), offset)
            }
            (Some(Reference::Extern(id)), _) => match self.object.externs[id].kind {
                ExternKind::Kconfig { size_bytes } => {
                    Operand::MapValue(maps.of_kconfig(id, size_bytes, self.kernel), 0)
                }
                _ if matches!(insn.insn, Insn::LoadImm64 { .. }) && self.is_lacking(id) => {
                    Operand::None
                }
                _ => self.of_kernel.as_ref().map_or(Operand::Kernel, |kernel| kernel.operand(id)),
            },
            (None, Insn::Call(Callee::Local { .. }))
            | (None, Insn::LoadImm64 { value: Wide::Func { .. }, .. }) => {
                let starts = |func: &&FuncInfo| Some(func.start) == target;
                let func = self.funcs.iter().enumerate().find(|(_, func)| starts(func));
                func.map_or(Operand::None, |(idx, _)| Operand::Func(idx as u32))
            }
            (
                None,
                Insn::LoadImm64 {
                    value:
                        Wide::MapFd(_)
                        | Wide::MapValue { .. }
                        | Wide::BtfId { .. }
                        | Wide::MapIdx(_)
                        | Wide::MapIdxValue { .. },
                    ..
                },
            ) => Operand::Kernel,
            _ => Operand::None,
        }
    }

    /// Sets [`MapInfo::managed`].
    fn find_managed(&mut self) {
        let Some(kernel) = &self.of_kernel else {
            return;
        };
        for map in self.maps.iter_mut() {
            map.managed = match (map.value_type, map.section) {
                (_, Some(section)) => kernel.of_data(self.object, section),
                (Some(ty), None) => kernel.record(ty).to_vec(),
                _ => Vec::new(),
            };
        }
    }

    /// Whether a weak symbol is null: the kernel's types do not have it.
    fn is_lacking(&self, id: ExternId) -> bool {
        let item = &self.object.externs[id];
        let Some(btf) = self.of_kernel.as_ref().map(|kernel| &*kernel.btf).filter(|_| item.is_weak)
        else {
            return false;
        };
        let name = bpfc_btf::core::essential_name(&item.name);
        match item.kind {
            ExternKind::Kfunc => btf.find_by_name(name, KindSet::FUNC).is_none(),
            ExternKind::Ksym if contract::is_typed(self.object, item) => {
                btf.find_by_name(name, KindSet::VAR).is_none()
            }
            _ => false,
        }
    }

    /// The kernel function that a call calls, by name, if the object names it.
    pub fn kfunc_name(&self, insn_idx: u32) -> Option<&'a str> {
        match self.linked.insns[insn_idx as usize].reference {
            Some(Reference::Extern(id)) => Some(&self.object.externs[id].name),
            _ => None,
        }
    }

    /// The function that handles exceptions, if it is a part of the program.
    pub fn exception_handler(&self) -> Option<u32> {
        let name = self.exception_callback?;
        let func = self.funcs.iter().position(|func| func.name == name)?;
        u32::try_from(func).ok()
    }

    /// Whether the kernel is known to be `major.minor` or newer.
    pub fn is_since(&self, major: u16, minor: u16) -> bool {
        self.kernel.is_some_and(|kernel| kernel >= KernelVersion::new(major, minor))
    }

    /// Whether the kernel is known to be older than `major.minor`.
    pub fn is_before(&self, major: u16, minor: u16) -> bool {
        self.kernel.is_some_and(|kernel| kernel < KernelVersion::new(major, minor))
    }

    /// Whether the object's license lets it call what only GPL programs may.
    pub fn is_gpl(&self) -> bool {
        let license = self.object.license.as_deref();
        license.is_some_and(bpfc_kabi::is_gpl_compatible)
    }
}
