//! How the functions of probes begin: their names say where they are attached where the dialect has a name for that.

use super::place::{Kind, Place};
use super::text::Text;
use std::collections::BTreeSet;

/// How a function begins.
pub struct Head {
    pub name: String,
    /// Up to the body.
    pub signature: Text,
    /// Variables of what is in the context.
    pub prologue: String,
    /// The name does not say where the function is attached.
    pub needs_place: bool,
}

impl Head {
    /// The function of probe `number`, which uses these arguments. Only the first at its place has the name of the place.
    pub fn new(
        source: &str,
        number: usize,
        place: &Place,
        used: &BTreeSet<usize>,
        is_first: bool,
    ) -> Head {
        let own = own_name(place).filter(|_| is_first);
        let has_options = place.spec.contains(',');
        let needs_place = own.is_none() || has_options;
        let name = own.unwrap_or_else(|| match place.kind {
            Kind::Ksyscall => format!("syscall__probe_{number}"),
            _ => format!("probe_{number}"),
        });
        let n_used = used.last().map_or(0, |last| last + 1);
        let mut signature = Text::default();
        match place.kind {
            Kind::Tracepoint => tracepoint(&mut signature, source, place, &name),
            Kind::Kprobe => {
                signature.push(&format!("int {name}(struct pt_regs *ctx{})", params(place, n_used)))
            }
            Kind::Ksyscall => {
                let params: String = (0..n_used).map(|at| format!(", u64 arg{at}")).collect();
                signature.push(&format!("int {name}(struct pt_regs *ctx{params})"));
            }
            Kind::Fentry | Kind::Fexit => {
                let ret =
                    place.ret.as_deref().filter(|ret| place.kind == Kind::Fexit && *ret != "void");
                let ret = ret.map(|ret| format!(", {ret} retval")).unwrap_or_default();
                signature.push(&format!("int BPF_PROG({name}{}{ret})", params(place, usize::MAX)));
            }
            Kind::Raw => {
                signature.push(&format!("int {name}(struct bpf_raw_tracepoint_args *ctx)"))
            }
            Kind::Perf => signature.push(&format!("int {name}(struct bpf_perf_event_data *ctx)")),
            Kind::Kretprobe | Kind::Uprobe | Kind::Uretprobe | Kind::Usdt => {
                signature.push(&format!("int {name}(struct pt_regs *ctx)"));
            }
        }
        Head { name, signature, prologue: prologue(place, used), needs_place }
    }
}

/// What the dialect calls a function at this place.
fn own_name(place: &Place) -> Option<String> {
    let is_name = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let target = place.target.as_str();
    match place.kind {
        Kind::Tracepoint => {
            let (category, event) = target.split_once(':')?;
            place.record().map(|_| format!("tracepoint__{category}__{event}"))
        }
        Kind::Kprobe => is_name(target).then(|| format!("kprobe__{target}")),
        Kind::Kretprobe => is_name(target).then(|| format!("kretprobe__{target}")),
        Kind::Fentry | Kind::Fexit => {
            let (module, function) = target.split_once(':').unwrap_or(("vmlinux", target));
            let prefix = if place.kind == Kind::Fexit { "kretfunc" } else { "kfunc" };
            Some(format!("{prefix}__{module}__{function}"))
        }
        _ => None,
    }
}

/// The parameters behind the context.
fn params(place: &Place, n: usize) -> String {
    let params = place.params.iter().take(n);
    params.map(|param| format!(", {}", param.shape.declare(&param.name))).collect()
}

fn tracepoint(out: &mut Text, source: &str, place: &Place, name: &str) {
    let Some((category, event)) = place.target.split_once(':').filter(|_| place.record().is_some())
    else {
        return out.push(&format!("int {name}(void *args)"));
    };
    out.push(&format!("int {name}(struct tracepoint__{category}__"));
    match source[place.at.clone()].rfind(event) {
        Some(at) => out.copy(source, place.at.start + at..place.at.start + at + event.len()),
        None => out.push(event),
    }
    out.push(" *args)");
}

fn prologue(place: &Place, used: &BTreeSet<usize>) -> String {
    let mut out = String::new();
    for &at in used {
        match (place.kind, place.params.get(at)) {
            (Kind::Raw, Some(param)) => {
                let (declared, ty) = (param.shape.declare(&param.name), param.shape.ty());
                out += &format!("\t{declared} = ({ty})ctx->args[{at}];\n");
            }
            (Kind::Usdt, _) => {
                out += &format!(
                    "\tu64 arg{at} = 0;\n\tbpf_usdt_readarg({}, ctx, &arg{at});\n",
                    at + 1
                );
            }
            _ => {}
        }
    }
    out
}
