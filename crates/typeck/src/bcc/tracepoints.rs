//! The contexts of tracepoints: `struct tracepoint__CATEGORY__EVENT` is the kernel's
//! `struct trace_event_raw_CLASS`, which events of one class share. System calls have no such
//! struct; what is behind their tracepoints never changes.
//!
//! Source: `TRACE_EVENT`, `DECLARE_EVENT_CLASS` and `DEFINE_EVENT` in `include/trace/`
//! (Linux 4.18 to 6.18).

use crate::checker::Checker;
use crate::hir::{IntKind, Member, Origin, QualType, RecordBody, RecordId, Type, TypeId};
use crate::scope::Tag;
use bpfc_base::codes::bcc::E0504;
use bpfc_base::similar::most_similar;
use bpfc_base::{Diagnostic, Span, Symbol};
use bpfc_parser::ast::TagKind;

/// What the tags of contexts begin with.
pub(super) const CONTEXT_PREFIX: &str = "tracepoint__";
/// What the tags of the kernel's structs begin with.
const RAW_PREFIX: &str = "trace_event_raw_";
/// How BTF calls the place of a variable-length member.
const DATA_LOC: &str = "__data_loc_";

/// Events that are of a class under another name; where kernels differ, newer ones first.
#[rustfmt::skip]
const CLASSES: &[(&str, &str)] = &[
    ("block_bio_backmerge", "block_bio"), ("block_bio_backmerge", "block_bio_merge"),
    ("block_bio_bounce", "block_bio"), ("block_bio_frontmerge", "block_bio"),
    ("block_bio_frontmerge", "block_bio_merge"), ("block_bio_queue", "block_bio"),
    ("block_getrq", "block_bio"), ("block_getrq", "block_get_rq"),
    ("block_dirty_buffer", "block_buffer"), ("block_touch_buffer", "block_buffer"),
    ("block_io_done", "block_rq"), ("block_io_start", "block_rq"),
    ("block_rq_complete", "block_rq_completion"), ("block_rq_error", "block_rq_completion"),
    ("block_rq_insert", "block_rq"), ("block_rq_issue", "block_rq"), ("block_rq_merge", "block_rq"),
    ("consume_skb", "consume_skb"), ("cpu_frequency", "cpu"), ("cpu_idle", "cpu"),
    ("hrtimer_cancel", "hrtimer_class"), ("hrtimer_init", "hrtimer_setup"),
    ("irq_disable", "preemptirq_template"), ("irq_enable", "preemptirq_template"),
    ("kfree", "kmem_free"), ("kmalloc", "kmem_alloc"), ("kmalloc_node", "kmem_alloc_node"),
    ("kmem_cache_alloc", "kmem_alloc"), ("kmem_cache_alloc_node", "kmem_alloc_node"),
    ("kmem_cache_free", "kmem_free"),
    ("mm_compaction_defer_compaction", "mm_compaction_defer_template"),
    ("mm_compaction_defer_reset", "mm_compaction_defer_template"),
    ("mm_compaction_deferred", "mm_compaction_defer_template"),
    ("mm_compaction_finished", "mm_compaction_suitable_template"),
    ("mm_compaction_isolate_freepages", "mm_compaction_isolate_template"),
    ("mm_compaction_isolate_migratepages", "mm_compaction_isolate_template"),
    ("mm_compaction_suitable", "mm_compaction_suitable_template"),
    ("mm_filemap_add_to_page_cache", "mm_filemap_op_page_cache"),
    ("mm_filemap_delete_from_page_cache", "mm_filemap_op_page_cache"),
    ("mm_page_alloc_zone_locked", "mm_page"),
    ("mm_vmscan_direct_reclaim_begin", "mm_vmscan_direct_reclaim_begin_template"),
    ("mm_vmscan_direct_reclaim_end", "mm_vmscan_direct_reclaim_end_template"),
    ("mm_vmscan_memcg_reclaim_begin", "mm_vmscan_direct_reclaim_begin_template"),
    ("mm_vmscan_memcg_reclaim_end", "mm_vmscan_direct_reclaim_end_template"),
    ("module_get", "module_refcnt"), ("module_put", "module_refcnt"),
    ("net_dev_queue", "net_dev_template"), ("netif_receive_skb", "net_dev_template"),
    ("netif_rx", "net_dev_template"),
    ("page_fault_kernel", "exceptions"), ("page_fault_kernel", "x86_exceptions"),
    ("page_fault_user", "exceptions"), ("page_fault_user", "x86_exceptions"),
    ("preempt_disable", "preemptirq_template"), ("preempt_enable", "preemptirq_template"),
    ("sched_process_exit", "sched_process_template"),
    ("sched_process_free", "sched_process_template"),
    ("sched_stat_blocked", "sched_stat_template"), ("sched_stat_iowait", "sched_stat_template"),
    ("sched_stat_sleep", "sched_stat_template"), ("sched_stat_wait", "sched_stat_template"),
    ("sched_wait_task", "sched_process_template"), ("sched_wakeup", "sched_wakeup_template"),
    ("sched_wakeup_new", "sched_wakeup_template"), ("sched_waking", "sched_wakeup_template"),
    ("softirq_entry", "softirq"), ("softirq_exit", "softirq"), ("softirq_raise", "softirq"),
    ("tasklet_entry", "tasklet"), ("tasklet_exit", "tasklet"),
    ("tcp_destroy_sock", "tcp_event_sk"), ("tcp_rcv_space_adjust", "tcp_event_sk"),
    ("tcp_receive_reset", "tcp_event_sk"), ("tcp_retransmit_skb", "tcp_event_sk_skb"),
    ("tcp_send_reset", "tcp_event_sk_skb"),
    ("timer_cancel", "timer_class"), ("timer_expire_exit", "timer_class"),
    ("timer_init", "timer_class"),
    ("writeback_dirty_page", "writeback_page_template"),
    ("writeback_dirty_folio", "writeback_folio_template"),
    ("xdp_redirect", "xdp_redirect_template"), ("xdp_redirect_err", "xdp_redirect_template"),
];

impl Checker<'_> {
    /// The category and name of the tracepoint whose context has the tag `name`, if that is
    /// what it is.
    pub fn tracepoint_of(&self, name: Symbol) -> Option<(String, String)> {
        let text = self.session.name(name);
        let (category, event) = text.strip_prefix(CONTEXT_PREFIX)?.split_once("__")?;
        self.is_bcc().then(|| (category.to_owned(), event.to_owned()))
    }

    /// The context of the tracepoint `(category, event)`, as struct `name`; `None` if it was
    /// reported.
    pub fn import_tracepoint(
        &mut self,
        (category, event): &(String, String),
        name: Symbol,
        span: Span,
    ) -> Option<Tag> {
        let known = match category.as_str() {
            "syscalls" => None,
            _ => self.trace_event(event),
        };
        if known.is_some() {
            return known;
        }
        let body = match category.as_str() {
            "syscalls" => self.syscall_event(event),
            _ => None,
        };
        let Some(body) = body.or_else(|| self.described_event(category, event)) else {
            self.report_unknown_event(category, event, span);
            return None;
        };
        let tag = self.new_tag(TagKind::Struct, Some(name), Origin::Builtin);
        if let Tag::Record(record) = tag {
            self.module.types.records[record].body = Some(body);
        }
        self.scopes.declare_tag_at_file_scope(name, tag, span);
        Some(tag)
    }

    /// What tracefs says of it.
    fn described_event(&mut self, category: &str, event: &str) -> Option<RecordBody> {
        let format = self.kernel.as_mut()?.tracepoint_format(category, event)?;
        self.format_body(&format)
    }

    fn report_unknown_event(&mut self, category: &str, event: &str, span: Span) {
        let message = format!("the kernel's types know no tracepoint `{category}:{event}`");
        let mut diagnostic = Diagnostic::new(E0504, span, message);
        let known = CLASSES.iter().map(|(event, _)| *event);
        if self.kernel.is_none() {
            diagnostic = diagnostic.with_note("there are no types of a kernel to look in");
        } else if let Some(similar) = most_similar(event, known) {
            diagnostic = diagnostic.with_help(format!("did you mean `{similar}`?"));
        } else {
            diagnostic =
                diagnostic.with_note(format!("the kernel has no `struct trace_event_raw_{event}`"));
        }
        self.report(diagnostic);
    }

    /// The event's own struct, or that of its class.
    fn trace_event(&mut self, event: &str) -> Option<Tag> {
        let classes = CLASSES.iter().filter(|(name, _)| *name == event);
        let mut names = std::iter::once(event).chain(classes.map(|(_, class)| *class));
        names.find_map(|class| {
            let name = self.session.intern(&format!("{RAW_PREFIX}{class}"));
            self.import_tag(name, TagKind::Struct)
        })
    }

    /// Whether a member is an array in the context of a tracepoint. The kernel takes such
    /// addresses only at an offset that is known here, not one that it computes itself.
    pub fn is_context_array(&self, record: RecordId, member: u32) -> bool {
        let record = &self.module.types.records[record];
        let is_array = record
            .body
            .as_ref()
            .is_some_and(|body| self.is_array(body.members[member as usize].ty.ty));
        is_array
            && self.is_bcc()
            && record.name.is_some_and(|name| {
                let name = self.session.name(name);
                name.starts_with(RAW_PREFIX) || name.starts_with(CONTEXT_PREFIX)
            })
    }

    /// The kernel's name of what BCC calls `member` in the context of a tracepoint.
    pub fn context_member_name(&mut self, record: RecordId, member: Symbol) -> Symbol {
        let is_context = self.module.types.records[record]
            .name
            .is_some_and(|name| self.session.name(name).starts_with(RAW_PREFIX));
        let field = self.session.name(member).strip_prefix("data_loc_");
        match field {
            Some(field) if is_context && self.is_bcc() => {
                let name = format!("{DATA_LOC}{field}");
                self.session.intern(&name)
            }
            _ => member,
        }
    }

    pub(super) fn context_member(&mut self, name: &str, ty: TypeId, offset_bytes: u64) -> Member {
        Member {
            name: Some(self.session.intern(name)),
            ty: QualType::plain(ty),
            offset_bits: offset_bytes * 8,
            bits: None,
            span: Span::NONE,
            decl_tags: Vec::new(),
        }
    }

    /// `sys_enter_X` has the number and the arguments of system call X, eight bytes each;
    /// `sys_exit_X` its number and result (`kernel/trace/trace_syscalls.c`).
    fn syscall_event(&mut self, event: &str) -> Option<RecordBody> {
        let common = self.int_type(IntKind::ULongLong);
        let (int, long) = (self.common.int, self.common.long);
        let mut members = vec![
            self.context_member("__do_not_use__", common, 0),
            self.context_member("__syscall_nr", int, 8),
        ];
        if let Some(call) = event.strip_prefix("sys_enter_") {
            for (index, (name, ty)) in super::syscalls::params(call)?.into_iter().enumerate() {
                let ty = self.syscall_param_type(ty);
                members.push(self.context_member(name, ty, 16 + 8 * index as u64));
            }
        } else {
            event.strip_prefix("sys_exit_")?;
            members.push(self.context_member("ret", long, 16));
        }
        let end = members.last().map_or(16, |last| last.offset_bits / 8 + 8);
        Some(RecordBody { members, size: end.max(16), align: 8, is_packed: false })
    }

    fn syscall_param_type(&mut self, ty: super::syscalls::Param) -> TypeId {
        use super::syscalls::Param;
        let kind = match ty {
            Param::Number => return self.int_type(IntKind::ULongLong),
            Param::Signed => return self.int_type(IntKind::LongLong),
            Param::Text => IntKind::Char,
            Param::Texts => {
                let text = self.int_type(IntKind::Char);
                let text = self.const_pointer(text);
                return self.const_pointer(text);
            }
            Param::Struct(name) => {
                let name = self.session.intern(name);
                let ty = self.struct_by_name(name);
                return self.derive(Type::Ptr(QualType::plain(ty)), Span::NONE);
            }
        };
        let ty = self.int_type(kind);
        self.const_pointer(ty)
    }

    pub(super) fn const_pointer(&mut self, ty: TypeId) -> TypeId {
        let quals = crate::hir::Quals { is_const: true, ..Default::default() };
        self.ptr_to(QualType { ty, quals }, Span::NONE)
    }
}
