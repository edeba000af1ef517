//! Programs: functions that other objects see, with a body, in the program's own text.
//! Their name says where they are attached, else the type of their first parameter of
//! which type they are.

use super::spaces::Bits;
use crate::checker::Checker;
use crate::hir::{
    Body, Callee, ExprKind, FuncId, IntKind, Linkage, LocalId, PlaceKind, Type, TypeId,
};
use crate::walk::{Node, walk};
use bpfc_kabi::{ProgType, parse_bcc_name};
use rustc_hash::FxHashSet;

/// How the names of functions begin whose parameters are those of a system call.
const SYSCALL_PREFIXES: &[&str] = &["syscall__", "kprobe____x64_sys_", "kprobe__sys_"];

/// Types of contexts, and the section of programs that have them.
const CONTEXTS: &[(&str, &str)] = &[
    ("__sk_buff", "socket"),
    ("bpf_cgroup_dev_ctx", "cgroup/dev"),
    ("bpf_perf_event_data", "perf_event"),
    ("bpf_raw_tracepoint_args", "raw_tracepoint"),
    ("bpf_sk_lookup", "sk_lookup"),
    ("bpf_sock", "cgroup/sock_create"),
    ("bpf_sock_addr", "cgroup/connect4"),
    ("bpf_sock_ops", "sockops"),
    ("bpf_sockopt", "cgroup/setsockopt"),
    ("bpf_sysctl", "cgroup/sysctl"),
    ("pt_regs", "kprobe"),
    ("sk_msg_md", "sk_msg"),
    ("xdp_md", "xdp"),
];

/// Types of programs on `struct __sk_buff`, and their sections.
const ON_PACKETS: &[(&str, ProgType)] = &[
    ("socket", ProgType::SocketFilter),
    ("tc", ProgType::SchedCls),
    ("cgroup/skb", ProgType::CgroupSkb),
    ("sk_skb", ProgType::SkSkb),
    ("lwt_xmit", ProgType::LwtXmit),
    ("lwt_in", ProgType::LwtIn),
];

/// Types of programs whose context says nothing: `void *`.
const ANYWHERE: &[(&str, ProgType)] = &[
    ("kprobe", ProgType::Kprobe),
    ("perf_event", ProgType::PerfEvent),
    ("tc", ProgType::SchedCls),
    ("xdp", ProgType::Xdp),
    ("sockops", ProgType::SockOps),
    ("sk_msg", ProgType::SkMsg),
    ("cgroup/skb", ProgType::CgroupSkb),
];

/// A program.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub func: FuncId,
    /// What is known of the words in its context.
    pub ctx: Bits,
    /// Its further parameters are registers of the probed function.
    pub is_probe: bool,
    /// The registers are behind a pointer in the first one (Linux 4.17, x86-64).
    pub is_wrapped: bool,
    /// Parameters that have become locals.
    pub params: Vec<LocalId>,
}

impl Checker<'_> {
    /// The programs, each with its section from here on.
    pub(super) fn find_programs(&mut self) -> Vec<Program> {
        let called = self.called_functions();
        let ids: Vec<FuncId> = self.module.funcs.ids().collect();
        let mut programs = Vec::new();
        for id in ids {
            let func = &self.module.funcs[id];
            let (linkage, span) = (func.linkage, self.session.sources.root(func.span));
            if func.body.is_none()
                || func.section.is_some()
                || !matches!(linkage, Linkage::Global | Linkage::Weak)
                || self.is_builtin(span)
            {
                continue;
            }
            let name = self.name(func.name);
            if called.contains(&id) && parse_bcc_name(&name).is_none() {
                // A function of the program's own; there is nobody else who could call it.
                self.module.funcs[id].linkage = Linkage::Static;
                continue;
            }
            let section = self.section_of_program(id, &name);
            programs.push(self.program(id, &name, &section));
            let symbol = self.session.intern(&section);
            let func = &mut self.module.funcs[id];
            func.section = Some(symbol);
            func.section_span = func.span;
        }
        programs
    }

    fn called_functions(&self) -> FxHashSet<FuncId> {
        let mut called = FxHashSet::default();
        for body in self.module.funcs.iter().filter_map(|f| f.body.as_ref()) {
            walk(body, |node| {
                if let Node::Expr(id) = node
                    && let ExprKind::Call { callee: Callee::Func(func), .. } = body.exprs[id].kind
                {
                    called.insert(func);
                }
            });
        }
        called
    }

    /// `kprobe__vfs_read` is `kprobe/vfs_read`.
    fn section_of_program(&self, func: FuncId, name: &str) -> String {
        if let Some((prefix, target)) = parse_bcc_name(name) {
            let section = prefix.section;
            return match section {
                "tracepoint" => format!("{section}/{}", target.replacen("__", "/", 1)),
                "fentry" | "fexit" => match target.split_once("__") {
                    Some(("vmlinux", function)) => format!("{section}/{function}"),
                    Some((module, function)) => format!("{section}/{module}:{function}"),
                    None => format!("{section}/{target}"),
                },
                _ => format!("{section}/{target}"),
            };
        }
        let context = self.context_tag(func).unwrap_or_default();
        if let Some(event) = context.strip_prefix("tracepoint__") {
            return format!("tracepoint/{}", event.replacen("__", "/", 1));
        }
        if let Some(target) = context.strip_prefix("bpf_iter__") {
            return format!("iter/{target}");
        }
        let row = CONTEXTS.iter().find(|(tag, _)| *tag == context);
        match row.map_or("kprobe", |(_, section)| *section) {
            "socket" => self.section_on_packets(func).to_owned(),
            // A context of which nothing is known: `void *`.
            "kprobe" if row.is_none() => {
                let found = ANYWHERE.iter().find(|(_, ty)| self.may_be(func, *ty));
                found.map_or("kprobe", |(section, _)| *section).to_owned()
            }
            section => section.to_owned(),
        }
    }

    /// The tag of the struct that the first parameter points to.
    fn context_tag(&self, func: FuncId) -> Option<String> {
        let ty = self.context_type(func)?;
        let record = self.record_of(self.pointee(ty)?.ty)?;
        let name = self.module.types.records[record].name?;
        Some(self.name(name).to_string())
    }

    fn context_type(&self, func: FuncId) -> Option<TypeId> {
        let ty = self.as_func(self.module.funcs[func].ty)?;
        ty.params.first().map(|param| param.ty)
    }

    /// The section of a program on packets: of the first type that may do what it does. Only
    /// socket filters may not point into the packet.
    fn section_on_packets(&self, func: FuncId) -> &'static str {
        let mut points_into = false;
        self.walk_program(func, |body, node| {
            if let Node::Place(id) = node
                && let PlaceKind::Member { base, member, .. } = body.places[id].kind
            {
                points_into |= self.is_packet_pointer(body.places[base].ty.ty, member);
            }
        });
        let mut rows = ON_PACKETS.iter().skip(usize::from(points_into));
        rows.find(|(_, ty)| self.may_be(func, *ty)).map_or("tc", |(section, _)| *section)
    }

    /// Whether programs of type `ty` may call all helpers that the program calls.
    fn may_be(&self, func: FuncId, ty: ProgType) -> bool {
        let mut may = true;
        self.walk_program(func, |body, node| {
            if let Node::Expr(id) = node
                && let ExprKind::Call { callee: Callee::Helper(id), .. } = body.exprs[id].kind
                && let Some(helper) = bpfc_kabi::helper_by_id(id)
            {
                may &= helper.is_allowed(ty, None);
            }
        });
        may
    }

    /// Visits a function and those that it calls.
    fn walk_program(&self, func: FuncId, mut visit: impl FnMut(&Body, Node)) {
        let mut seen = FxHashSet::default();
        let mut work = vec![func];
        while let Some(func) = work.pop() {
            let Some(body) = self.module.funcs[func].body.as_ref() else {
                continue;
            };
            if !seen.insert(func) {
                continue;
            }
            walk(body, |node| {
                if let Node::Expr(id) = node
                    && let ExprKind::Call { callee: Callee::Func(callee), .. } = body.exprs[id].kind
                {
                    work.push(callee);
                }
                visit(body, node);
            });
        }
    }

    /// Whether `member` of `ty` is `data`, `data_end` or `data_meta` of a `struct __sk_buff`.
    fn is_packet_pointer(&self, ty: TypeId, member: u32) -> bool {
        let Some(record) = self.record_of(ty) else {
            return false;
        };
        let record = &self.module.types.records[record];
        let is_skb = record.name.is_some_and(|name| self.session.name(name) == "__sk_buff");
        let member = record.body.as_ref().and_then(|body| body.members[member as usize].name);
        is_skb
            && member.is_some_and(|name| {
                matches!(self.session.name(name), "data" | "data_end" | "data_meta")
            })
    }

    fn program(&self, func: FuncId, name: &str, section: &str) -> Program {
        let (kind, target) = section.split_once('/').unwrap_or((section, ""));
        let is_wrapped = SYSCALL_PREFIXES.iter().any(|it| name.starts_with(it));
        let is_btf = self.context_type(func).is_some_and(|ty| self.is_words(ty));
        let ctx = match kind {
            _ if is_btf => Bits::NONE,
            "kprobe" | "kretprobe" if is_wrapped => Bits::SYSCALL,
            "kprobe" | "kretprobe" if !target.is_empty() => Bits::KERNEL,
            "tracepoint" if target.starts_with("syscalls/") => Bits::SYSCALL,
            "tracepoint" | "raw_tracepoint" => Bits::KERNEL,
            "kprobe" | "kretprobe" | "perf_event" => Bits::ANY,
            _ => Bits::NONE,
        };
        Program {
            func,
            ctx,
            is_probe: matches!(kind, "kprobe" | "kretprobe") && !is_btf,
            is_wrapped,
            params: Vec::<LocalId>::new(),
        }
    }

    /// `unsigned long long *`: the arguments themselves, which the kernel vouches for.
    fn is_words(&self, ty: TypeId) -> bool {
        self.pointee(ty).is_some_and(|to| {
            matches!(self.resolved(to.ty), Type::Int(IntKind::ULongLong | IntKind::ULong))
        })
    }
}
