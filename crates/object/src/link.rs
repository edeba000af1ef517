//! Flattens one program and the functions it calls into one instruction sequence.
//!
//! Input: an [`Object`] and one of its programs. Output: [`Linked`], in which calls and function
//! addresses inside the object are resolved; maps, data and kernel symbols stay symbolic, since
//! each consumer (VM, verifier, loader) has its own idea of their addresses.

use crate::{
    CoreReloc, DataId, ExternId, ExternKind, FuncId, Function, Line, MapId, ObjInsn, Object, Reloc,
};
use bpfc_base::{Idx, Span};
use bpfc_btf::{TypeDef, TypeId};
use bpfc_isa::{Callee, Insn, SlotMap, Wide};
use bpfc_kabi::{AttachType, ProgType, guess_section};
use std::collections::HashMap;
use std::sync::Arc;

/// The kernel takes at most this many instructions from a privileged user:
/// `BPF_COMPLEXITY_LIMIT_INSNS` (Linux 5.2 `include/linux/bpf.h`).
const MAX_SLOTS: u32 = 1_000_000;

/// One program, ready to be verified, run or loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// The program's name.
    pub name: String,
    /// The program in its object.
    pub func: FuncId,
    /// Its section, such as `kprobe/do_unlinkat`.
    pub section: String,
    /// What the section says about its type; none if the section is not a known one.
    pub prog_type: Option<ProgType>,
    /// What the section says about where it may be attached.
    pub attach_type: Option<AttachType>,
    /// The instructions of all functions, the program's own first.
    pub insns: Vec<LinkedInsn>,
    /// The functions, the program itself first, by ascending start.
    pub subprogs: Vec<Subprog>,
}

/// One function inside [`Linked::insns`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subprog {
    /// Index of its first instruction.
    pub start: u32,
    /// Number of its instructions.
    pub n_insns: u32,
    /// Its name.
    pub name: String,
    /// The function in the object.
    pub func: FuncId,
}

/// One instruction of a linked program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedInsn {
    /// The instruction. Local calls and function addresses are final; where `reference` is set it
    /// is a 64-bit load of `Wide::Value(0)` or a call of `Callee::Local { off: -1 }`.
    pub insn: Insn,
    /// What outside the instructions the operand stands for.
    pub reference: Option<Reference>,
    /// A CO-RE relocation not yet applied.
    pub core: Option<CoreReloc>,
    /// The function it comes from.
    pub func: FuncId,
    /// Its index in that function.
    pub insn_idx: u32,
    /// Its source; [`Span::NONE`] in objects read from ELF.
    pub span: Span,
    /// Its source line.
    pub line: Option<Arc<Line>>,
}

/// What outside the instructions an operand stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reference {
    /// A map.
    Map(MapId),
    /// An address in a data section.
    Data {
        /// The section.
        section: DataId,
        /// Offset in bytes.
        offset: u32,
    },
    /// A kernel function (in a call or a 64-bit load), kernel symbol or configuration value.
    Extern(ExternId),
}

/// Why a program cannot be linked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// A function without instructions is needed.
    #[error("function `{name}` is not defined")]
    Undefined {
        /// Its name.
        name: String,
    },
    /// An instruction needs what another object defines.
    #[error("`{function}` uses the {} `{name}`, which is not defined", kind.noun())]
    Missing {
        /// Its name.
        name: String,
        /// What it is.
        kind: ExternKind,
        /// The function that uses it.
        function: String,
        /// The instruction.
        insn_idx: u32,
    },
    /// A relocation names something the object does not have.
    #[error("instruction {insn_idx} of `{function}` refers to {target}, which does not exist")]
    NoSuchTarget {
        /// The function.
        function: String,
        /// The instruction.
        insn_idx: u32,
        /// What it refers to, such as `map3`.
        target: String,
    },
    /// A relocation hangs on an instruction that cannot carry it.
    #[error("instruction {insn_idx} of `{function}` cannot carry its relocation")]
    Misplaced {
        /// The function.
        function: String,
        /// The instruction.
        insn_idx: u32,
    },
    /// More instructions than any kernel takes.
    #[error("`{name}` and what it calls are longer than {MAX_SLOTS} instruction slots")]
    TooLong {
        /// The program.
        name: String,
    },
}

/// Flattens `program` and every function it calls or takes the address of, in the order in which
/// they are first mentioned, depth first: the order of libbpf.
///
/// # Errors
/// [`LinkError`]. Recursion is no error here; the verifier judges it.
///
/// # Panics
/// If `program` is not a function of `object`.
pub fn link(object: &Object, program: FuncId) -> Result<Linked, LinkError> {
    let function = &object.functions[program];
    let mut linker = Linker {
        object,
        insns: Vec::new(),
        n_slots: 0,
        fixups: Vec::new(),
        subprogs: Vec::new(),
        subprog_of: HashMap::new(),
    };
    linker.append_all(program)?;
    for handler in exception_callbacks(object, function) {
        linker.append_if_new(handler)?;
    }
    linker.resolve_functions();
    let matched = guess_section(&function.section);
    Ok(Linked {
        name: function.name.clone(),
        func: program,
        section: function.section.clone(),
        prog_type: matched.map(|matched| matched.def.prog),
        attach_type: matched.and_then(|matched| matched.def.attach),
        insns: linker.insns,
        subprogs: linker.subprogs,
    })
}

/// The functions that a program names to handle its exceptions (`__exception_cb`, Linux 6.7): nothing in the
/// instructions mentions them.
fn exception_callbacks(object: &Object, program: &Function) -> Vec<FuncId> {
    let Some(func) = program.btf else { return Vec::new() };
    let ids = (1..=object.btf.n_types()).map(TypeId);
    let named = ids.filter_map(|id| match object.btf.get(id) {
        Some(TypeDef::DeclTag { name, target, component_idx: None, .. }) if *target == func => {
            name.strip_prefix("exception_callback:")
        }
        _ => None,
    });
    let id_of = |name: &str| {
        let mut functions = object.functions.iter_enumerated();
        functions.find(|(_, function)| function.name == name).map(|(id, _)| id)
    };
    named.filter_map(id_of).collect()
}

struct Linker<'a> {
    object: &'a Object,
    insns: Vec<LinkedInsn>,
    n_slots: u32,
    /// Instructions that refer to a function.
    fixups: Vec<(usize, FuncId)>,
    subprogs: Vec<Subprog>,
    subprog_of: HashMap<FuncId, usize>,
}

impl Linker<'_> {
    /// Appends `root` and, right after each function is met, what it needs in turn.
    fn append_all(&mut self, root: FuncId) -> Result<(), LinkError> {
        // A stack of iterators over what each function mentions: preorder without recursion.
        let mut pending = vec![self.append(root)?.into_iter()];
        while let Some(mentioned) = pending.last_mut() {
            match mentioned.next() {
                None => {
                    pending.pop();
                }
                Some(func) if self.subprog_of.contains_key(&func) => {}
                Some(func) => pending.push(self.append(func)?.into_iter()),
            }
        }
        Ok(())
    }

    /// Appends a function that nothing mentions, and what it needs.
    fn append_if_new(&mut self, func: FuncId) -> Result<(), LinkError> {
        match self.subprog_of.contains_key(&func) {
            true => Ok(()),
            false => self.append_all(func),
        }
    }

    /// Appends one function; the functions it mentions.
    fn append(&mut self, func: FuncId) -> Result<Vec<FuncId>, LinkError> {
        let function = &self.object.functions[func];
        if function.insns.is_empty() {
            return Err(LinkError::Undefined { name: function.name.clone() });
        }
        let start = self.insns.len();
        self.subprog_of.insert(func, self.subprogs.len());
        self.subprogs.push(Subprog {
            start: start as u32,
            n_insns: function.insns.len() as u32,
            name: function.name.clone(),
            func,
        });
        let mut mentioned = Vec::new();
        for (insn_idx, insn) in function.insns.iter().enumerate() {
            let reference = self.reference(func, insn_idx as u32, insn)?;
            if let Some(Reloc::Call(callee) | Reloc::FuncAddr(callee)) = insn.reloc {
                self.fixups.push((self.insns.len(), callee));
                mentioned.push(callee);
            }
            self.n_slots += insn.insn.slots();
            self.insns.push(LinkedInsn {
                insn: insn.insn,
                reference,
                core: insn.core.clone(),
                func,
                insn_idx: insn_idx as u32,
                span: insn.span,
                line: insn.line.clone(),
            });
        }
        if self.n_slots > MAX_SLOTS {
            let root = self.subprogs[0].name.clone();
            return Err(LinkError::TooLong { name: root });
        }
        Ok(mentioned)
    }

    /// Validates the relocation of an instruction; what it refers to outside the code.
    fn reference(
        &self,
        func: FuncId,
        insn_idx: u32,
        insn: &ObjInsn,
    ) -> Result<Option<Reference>, LinkError> {
        let Some(reloc) = insn.reloc else {
            return Ok(None);
        };
        let function = || self.object.functions[func].name.clone();
        let is_address = matches!(insn.insn, Insn::LoadImm64 { .. });
        let is_call = matches!(insn.insn, Insn::Call(_));
        let (fits, exists, target, reference) = match reloc {
            Reloc::Map(map) => (
                is_address,
                map.index() < self.object.maps.len(),
                map.to_string(),
                Some(Reference::Map(map)),
            ),
            Reloc::Data { section, offset } => (
                is_address,
                section.index() < self.object.data.len(),
                section.to_string(),
                Some(Reference::Data { section, offset }),
            ),
            Reloc::Extern(id) => (
                is_address || is_call,
                id.index() < self.object.externs.len(),
                id.to_string(),
                Some(Reference::Extern(id)),
            ),
            Reloc::FuncAddr(callee) | Reloc::Call(callee) => (
                if matches!(reloc, Reloc::Call(_)) { is_call } else { is_address },
                callee.index() < self.object.functions.len(),
                callee.to_string(),
                None,
            ),
        };
        if !fits {
            return Err(LinkError::Misplaced { function: function(), insn_idx });
        }
        if !exists {
            return Err(LinkError::NoSuchTarget { function: function(), insn_idx, target });
        }
        if let Some(Reference::Extern(id)) = reference {
            let item = &self.object.externs[id];
            if item.kind.is_of_object() {
                return Err(LinkError::Missing {
                    name: item.name.clone(),
                    kind: item.kind,
                    function: function(),
                    insn_idx,
                });
            }
        }
        Ok(reference)
    }

    /// Fills in the distances of calls and function addresses.
    fn resolve_functions(&mut self) {
        let insns: Vec<Insn> = self.insns.iter().map(|insn| insn.insn).collect();
        let slots = SlotMap::new(&insns);
        let slot = |idx: usize| {
            let slot = slots.slot(idx as u32).expect("an index into the program");
            i32::try_from(slot).expect("fewer slots than MAX_SLOTS")
        };
        for &(insn_idx, callee) in &self.fixups {
            let start = self.subprogs[self.subprog_of[&callee]].start;
            let off = slot(start as usize) - (slot(insn_idx) + 1);
            let insn = &mut self.insns[insn_idx].insn;
            *insn = match *insn {
                Insn::LoadImm64 { dst, .. } => Insn::LoadImm64 { dst, value: Wide::Func { off } },
                _ => Insn::Call(Callee::Local { off }),
            };
        }
    }
}

impl Linked {
    /// The plain instructions, for slot arithmetic and analyses.
    pub fn plain_insns(&self) -> Vec<Insn> {
        self.insns.iter().map(|insn| insn.insn).collect()
    }

    /// The function that contains the instruction with this index.
    pub fn subprog_at(&self, insn_idx: u32) -> Option<&Subprog> {
        let end = self.subprogs.partition_point(|subprog| subprog.start <= insn_idx);
        let subprog = self.subprogs.get(end.checked_sub(1)?)?;
        (insn_idx - subprog.start < subprog.n_insns).then_some(subprog)
    }

    /// The maps that instructions refer to, each once, in the order of first use.
    pub fn maps(&self) -> Vec<MapId> {
        let mut seen = std::collections::HashSet::new();
        let maps = self.insns.iter().filter_map(|insn| match insn.reference {
            Some(Reference::Map(map)) => Some(map),
            _ => None,
        });
        maps.filter(|map| seen.insert(*map)).collect()
    }
}
