//! The words for faults that are about objects and functions of the kernel.

use super::Writer;
use super::wording::{Words, describe};
use crate::fault::{
    Callee, DynptrFault, FieldFault, GraphFault, IteratorFault, KernelFault, KfuncFault, KptrFault,
    ObjectFault, RcuFault,
};
use crate::program::{Managed, WalkFault};
use crate::state::{DynptrType, Types};
use bpfc_kabi::helper_by_id;

impl Writer<'_, '_> {
    /// The words for a fault that is about objects and functions of the kernel.
    pub(super) fn kernel(&self, fault: &KernelFault) -> Words {
        match fault {
            KernelFault::Object { callee, idx, why } => self.object(*callee, *idx, *why),
            KernelFault::Field { why, .. } => self.object_field(why),
            KernelFault::Context(why) => {
                Words::new("the program's context has no such argument").note(why.clone())
            }
            KernelFault::Dynptr(why) => dynptr(*why),
            KernelFault::Iterator(why) => iterator(*why),
            KernelFault::Rcu(why) => rcu(*why),
            KernelFault::Kptr(why) => self.kptr(*why),
            KernelFault::Kfunc { func, idx, why } => self.kfunc(*func, *idx, why),
            KernelFault::Graph(why) => graph(*why),
            KernelFault::Member(name) => {
                Words::new(format!("the kernel takes no such program for `{name}`"))
                    .note("some members of a struct of functions cannot be BPF, and some cannot sleep")
            }
            KernelFault::License => Words::new("a function of a `struct_ops` map must be GPL").help(
                "declare a license that is compatible with the GPL: `char LICENSE[] SEC(\"license\") = \"GPL\";`",
            ),
        }
    }

    fn callee_name(&self, callee: Callee) -> String {
        match callee {
            Callee::Helper(id) => {
                helper_by_id(id).map_or_else(|| format!("helper {id}"), |row| row.name.to_owned())
            }
            Callee::Kfunc(func) => self.kfunc_name(func),
        }
    }

    fn kfunc_name(&self, func: u32) -> String {
        let kernel = self.program.of_kernel.as_ref();
        let info = kernel.and_then(|kernel| kernel.kfuncs.get(func as usize));
        info.map_or_else(String::new, |info| info.name.clone())
    }

    fn type_name(&self, types: Types, ty: bpfc_btf::TypeId) -> String {
        let kernel = self.program.of_kernel.as_ref();
        let name = kernel.map_or("", |kernel| kernel.name(types, ty));
        if name.is_empty() { "another type".to_owned() } else { format!("`struct {name}`") }
    }

    /// The struct that the pointer leads to.
    fn pointed_at(&self) -> String {
        match self.found.fault.value.typed() {
            Some(typed) => self.type_name(typed.types, typed.ty),
            None => describe(self, &self.found.fault.value),
        }
    }

    fn object(&self, callee: Callee, idx: usize, why: ObjectFault) -> Words {
        let name = self.callee_name(callee);
        let nth = idx + 1;
        match why {
            ObjectFault::NotAnObject => {
                let got = describe(self, &self.found.fault.value);
                Words::new(format!("argument {nth} of `{name}` is {got}"))
                    .label("a pointer to an object of the kernel is expected")
            }
            ObjectFault::MaybeNull => {
                Words::new(format!("argument {nth} of `{name}` may be null"))
                    .help("compare the pointer with null before the call")
            }
            ObjectFault::Untrusted => Words::new(format!(
                "argument {nth} of `{name}` leads to {}, which may be gone by now",
                self.pointed_at()
            ))
            .note("a pointer that was read from another object is not trusted, nor is one whose section or reference ended")
            .help("pass an argument of the program, or what an acquiring function returned"),
            ObjectFault::NotRcu => Words::new(format!(
                "argument {nth} of `{name}` leads to {}, which no RCU section keeps",
                self.pointed_at()
            ))
            .help("read the pointer and call the function between `bpf_rcu_read_lock` and `bpf_rcu_read_unlock`"),
            ObjectFault::NotHeld => {
                Words::new(format!("argument {nth} of `{name}` holds no reference"))
                    .help("pass the pointer that was acquired, once")
            }
            ObjectFault::Displaced => {
                Words::new(format!("argument {nth} of `{name}` does not lead to the start of the object"))
                    .help("pass the pointer as it was obtained")
            }
            ObjectFault::OtherType(wanted) => Words::new(format!(
                "argument {nth} of `{name}` leads to {}",
                self.pointed_at()
            ))
            .label(format!("{} is expected", self.type_name(Types::Kernel, wanted))),
        }
    }

    fn object_field(&self, why: &FieldFault) -> Words {
        let object = self.pointed_at();
        match why {
            FieldFault::Gpl => {
                Words::new(format!("{object} of the kernel is accessed by a program that is not GPL"))
                    .help("declare a license that is compatible with the GPL: `char LICENSE[] SEC(\"license\") = \"GPL\";`")
            }
            FieldFault::VariableOffset => {
                Words::new(format!("{object} is accessed at an offset that is not constant"))
                    .help("use constant indices, or copy with `bpf_probe_read_kernel`")
            }
            FieldFault::Negative => Words::new(format!("memory in front of {object} is accessed")),
            FieldFault::User => Words::new(format!("{object} is in user space"))
                .help("copy it with `bpf_copy_from_user` or `bpf_probe_read_user`"),
            FieldFault::Percpu => Words::new(format!("there is one {object} for each CPU"))
                .help("get the one of a CPU with `bpf_per_cpu_ptr` or `bpf_this_cpu_ptr`"),
            FieldFault::Write => Words::new(format!("{object} of the kernel is written"))
                .label("may only be read"),
            FieldFault::Managed(what) => {
                Words::new(format!("a field of {object} is accessed that the kernel manages"))
                    .note(format!("the field is {}", managed(*what)))
            }
            FieldFault::Walk(why) => {
                let words = Words::new(format!("{object} has no field that can be accessed here"));
                words.note(match why {
                    WalkFault::NotAStruct => "it is no struct".to_owned(),
                    WalkFault::Beyond(name) => format!("the access goes beyond `struct {name}`"),
                    WalkFault::PartOfPointer(name) => {
                        format!("`{name}` is a pointer, which is read as a whole")
                    }
                    WalkFault::AcrossMember(name) => format!("the access goes beyond `{name}`"),
                    WalkFault::Hole(name) => format!("`struct {name}` has no member there"),
                })
            }
        }
    }

    fn kptr(&self, why: KptrFault) -> Words {
        match why {
            KptrFault::VariableOffset => Words::new(
                "a pointer to an object in a map value is accessed at an offset that is not constant",
            ),
            KptrFault::Part => {
                Words::new("a part of a pointer to an object in a map value is accessed")
                    .help("access the whole pointer, 8 bytes")
            }
            KptrFault::Atomic => {
                Words::new("a pointer to an object in a map value is accessed atomically")
                    .help("exchange it with `bpf_kptr_xchg`")
            }
            KptrFault::Store => {
                Words::new("a pointer in a map value that holds a reference is overwritten")
                    .help("exchange it with `bpf_kptr_xchg`")
            }
            KptrFault::ByHelper => {
                Words::new("a helper would access a pointer to an object in a map value as data")
            }
            KptrFault::NotAnObject => {
                let got = describe(self, &self.found.fault.value);
                Words::new(format!("what is stored in a pointer to an object is {got}"))
            }
            KptrFault::Untrusted => Words::new(format!(
                "what is stored leads to {}, which may be gone by now",
                self.pointed_at()
            )),
            KptrFault::Displaced => {
                Words::new("what is stored does not lead to the start of an object")
            }
            KptrFault::OtherType { types, ty } => {
                Words::new(format!("what is stored leads to {}", self.pointed_at()))
                    .label(format!("{} is expected", self.type_name(types, ty)))
            }
            KptrFault::NoField => {
                Words::new("there is no pointer to an object at this place of the map value")
                    .help("pass the address of a member that is tagged `__kptr`")
            }
            KptrFault::Unreferenced => {
                Words::new("the pointer at this place of the map value holds no reference")
                    .help("tag the member `__kptr`, not `__kptr_untrusted`")
            }
        }
    }

    fn kfunc(&self, func: u32, idx: Option<usize>, why: &KfuncFault) -> Words {
        let name = self.kfunc_name(func);
        let nth = idx.map_or(1, |idx| idx + 1);
        let got = || describe(self, &self.found.fault.value);
        match why {
            KfuncFault::NotHere => {
                Words::new(format!("programs of this type cannot call `{name}`"))
            }
            KfuncFault::Sleeps => Words::new(format!("`{name}` may sleep, but the program may not here"))
                .help("use a section name that ends in `.s`, such as `fentry.s`, and call it outside of RCU sections"),
            KfuncFault::Kind(wanted) => {
                Words::new(format!("argument {nth} of `{name}` is {}", got()))
                    .label(format!("{wanted} is expected"))
            }
            KfuncFault::NotConstant => {
                Words::new(format!("argument {nth} of `{name}` must be a constant"))
            }
            KfuncFault::MaybeNull => Words::new(format!("argument {nth} of `{name}` may be null"))
                .help("compare the pointer with null before the call"),
            KfuncFault::NotHeld => {
                Words::new(format!("`{name}` gets nothing that it could release"))
                    .help("pass the pointer that was acquired, once")
            }
            KfuncFault::Displaced => {
                Words::new(format!("argument {nth} of `{name}` is not the pointer that was acquired"))
                    .help("pass the pointer as it was obtained")
            }
            KfuncFault::Size => {
                Words::new(format!("argument {nth} of `{name}` is a size without a bound"))
                    .help("compare the size with a constant before the call")
            }
            KfuncFault::String => {
                Words::new(format!("argument {nth} of `{name}` is no constant string"))
                    .help("pass a string literal or a `const` array that ends in a null byte")
            }
            KfuncFault::Type => {
                Words::new(format!("argument {nth} of `{name}` is of a type that it does not take"))
            }
            KfuncFault::PacketWrite => {
                Words::new("programs of this type cannot change the packet")
                    .help("use `bpf_dynptr_slice`, which only reads")
            }
        }
    }
}

fn managed(what: Managed) -> String {
    match what {
        Managed::Kptr { .. } => "a pointer to an object".to_owned(),
        Managed::Root { is_tree: true, .. } => "a `struct bpf_rb_root`".to_owned(),
        Managed::Root { .. } => "a `struct bpf_list_head`".to_owned(),
        Managed::Node { is_tree: true } => "a `struct bpf_rb_node`".to_owned(),
        Managed::Node { .. } => "a `struct bpf_list_node`".to_owned(),
        Managed::Refcount => "a `struct bpf_refcount`".to_owned(),
        Managed::Other(name) => format!("a `struct {name}`"),
    }
}

fn dynptr(why: DynptrFault) -> Words {
    match why {
        DynptrFault::NotOnStack => Words::new("a dynptr is passed that is not a local variable")
            .help("pass the address of a local `struct bpf_dynptr`"),
        DynptrFault::NotInitialised => Words::new("the dynptr is not initialised on this path")
            .note("it never was, or was released, or its variable was overwritten"),
        DynptrFault::CannotInitialise => {
            Words::new("a dynptr cannot be made at this place of the stack")
                .help("pass the address of a local `struct bpf_dynptr`")
        }
        DynptrFault::OtherType(wanted) => {
            let wanted = match wanted {
                DynptrType::Local => "memory of a map value",
                DynptrType::Ringbuf => "a record of a ring buffer",
                DynptrType::Skb | DynptrType::Xdp => "the packet",
                DynptrType::SkbMeta => "the packet's metadata",
            };
            Words::new("the dynptr leads to something else")
                .label(format!("a dynptr to {wanted} is expected"))
        }
        DynptrFault::Overwritten => {
            Words::new("a dynptr is overwritten whose record was not submitted or discarded")
                .help("call `bpf_ringbuf_submit_dynptr` or `bpf_ringbuf_discard_dynptr` before")
        }
        DynptrFault::Direct => Words::new("a dynptr is accessed as if it were data")
            .help("use `bpf_dynptr_read`, `bpf_dynptr_write` or `bpf_dynptr_data`"),
        DynptrFault::NotHeld => Words::new("the dynptr holds nothing that could be released"),
        DynptrFault::NotInMap => Words::new("a dynptr can lead to memory of a map value only"),
    }
}

fn iterator(why: IteratorFault) -> Words {
    match why {
        IteratorFault::NotOnStack => {
            Words::new("an iterator is passed that is not a local variable")
                .help("pass the address of a local `struct bpf_iter_…`")
        }
        IteratorFault::NotInitialised => {
            Words::new("the iterator is not initialised on this path")
                .note("it never was, or was destroyed, or its variable was overwritten, or it is of another kind")
        }
        IteratorFault::Initialised => Words::new("the iterator is initialised already")
            .help("destroy it before it is made anew"),
        IteratorFault::NoRcu => {
            Words::new("the iterator is used outside of the RCU section that it needs")
                .help("make, use and destroy it between `bpf_rcu_read_lock` and `bpf_rcu_read_unlock`")
        }
        IteratorFault::NotHere => {
            Words::new("this iterator is for LSM programs, iterators and programs that may sleep")
        }
        IteratorFault::Direct => Words::new("an iterator is read as if it were data"),
    }
}

fn rcu(why: RcuFault) -> Words {
    match why {
        RcuFault::Nested => Words::new("an RCU section is entered within another one"),
        RcuFault::NotOpen => Words::new("an RCU section is left that was not entered"),
        RcuFault::InCallback => {
            Words::new("an RCU section is entered or left in the function that compares nodes")
        }
    }
}

fn graph(why: GraphFault) -> Words {
    match why {
        GraphFault::NotAnObject => {
            Words::new("the argument is not in a map value or an object of the program")
        }
        GraphFault::NotHeld => Words::new("the object is not the program's any more")
            .note("it was released, or belongs to a list or tree"),
        GraphFault::Ownership => {
            Words::new("the node is used by the wrong owner")
                .note("what is added to a list or tree must be the program's, what is removed must belong to it")
        }
        GraphFault::VariableOffset => {
            Words::new("the place of the list, tree or node is not constant")
        }
        GraphFault::NoField => Words::new("there is no such list, tree, node or count at this place")
            .help("pass the address of the member"),
        GraphFault::NotLocked => {
            Words::new("the lock beside the list or tree is not held")
                .help("call `bpf_spin_lock` before and `bpf_spin_unlock` after")
        }
        GraphFault::OtherNode => {
            Words::new("the node is not one that the list or tree holds")
                .help("the tag `__contains` of the head names the struct and the member")
        }
        GraphFault::InCallback => {
            Words::new("nodes cannot be removed in the function that compares them")
        }
    }
}
