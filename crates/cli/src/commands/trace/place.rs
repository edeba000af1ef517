//! Probes: how the function looks that is called there, and what it can see.

use super::script::span;
use super::shape::Shape;
use bpfc::Btf;
use bpfc_base::codes::load::E0906;
use bpfc_base::similar::most_similar;
use bpfc_base::{Diagnostic, Span};
use bpfc_btf::{FuncProto, KindSet, Type, c};
use bpfc_loader::AttachSpec;
use std::ops::Range;

/// Short names of kinds, and those of other tools.
const ALIASES: [(&str, &str); 18] = [
    ("t", "tp"),
    ("tracepoint", "tp"),
    ("k", "kprobe"),
    ("kr", "kretprobe"),
    ("u", "uprobe"),
    ("ur", "uretprobe"),
    ("U", "usdt"),
    ("f", "fentry"),
    ("kfunc", "fentry"),
    ("fr", "fexit"),
    ("kretfunc", "fexit"),
    ("rt", "raw_tp"),
    ("rawtracepoint", "raw_tp"),
    ("tp_btf", "raw_tp"),
    ("p", "perf_event"),
    ("profile", "perf_event"),
    ("software", "perf_event"),
    ("hardware", "perf_event"),
];

/// Registers that hold arguments.
const N_REGISTERS: usize = 6;

/// What kind of function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// With the record of a tracepoint.
    Tracepoint,
    /// With the kernel's arguments of a tracepoint.
    Raw,
    /// With the registers at the entry of a function of the kernel.
    Kprobe,
    /// With the registers when it returns.
    Kretprobe,
    /// With the registers of a system call.
    Ksyscall,
    /// With the arguments of a function of the kernel.
    Fentry,
    /// The same, and what it returns.
    Fexit,
    /// With the registers at the entry of a function of a process.
    Uprobe,
    /// With the registers when it returns.
    Uretprobe,
    /// With the registers at a marker.
    Usdt,
    /// With the registers when a counter is full.
    Perf,
}

/// A probe that is understood.
#[derive(Clone, Debug)]
pub struct Place {
    pub kind: Kind,
    /// What `--attach` takes.
    pub spec: String,
    /// Behind the kind, without options.
    pub target: String,
    pub at: Range<usize>,
    /// What has a name: arguments, or members of the record.
    pub params: Vec<Param>,
    /// The type of what is returned.
    pub ret: Option<String>,
}

/// An argument, or a member.
#[derive(Clone, Debug)]
pub struct Param {
    pub name: String,
    pub shape: Shape,
    /// The member says where in the record the text is.
    pub is_data_loc: bool,
}

/// Understands a probe.
pub fn place(
    text: &str,
    at: Range<usize>,
    base: u32,
    kernel: Option<&Btf>,
) -> Result<Place, Diagnostic> {
    let here = span(base, &at);
    let written = &text[at.clone()];
    let (word, rest) = written.split_once(':').unwrap_or((written, ""));
    if matches!(word, "BEGIN" | "END" | "begin" | "end" | "interval" | "i") {
        let diagnostic = Diagnostic::new(E0906, here, format!("there is no probe `{word}`"));
        return Err(
            diagnostic.with_help("maps are printed at the end, and with `--watch` every second")
        );
    }
    let kind = ALIASES.iter().find(|(short, _)| *short == word).map_or(word, |(_, kind)| kind);
    let rest = match word {
        "profile" | "p" => rate_of_profile(rest, here)?,
        "software" | "hardware" => counter(rest),
        _ => rest.to_owned(),
    };
    let spec = format!("{kind}:{rest}");
    if let Err(error) = spec.parse::<AttachSpec>() {
        let names = ALIASES.iter().flat_map(|(a, b)| [*a, *b]).chain(["ksyscall", "kretsyscall"]);
        let diagnostic = Diagnostic::new(E0906, here, error.to_diagnostic().message);
        return Err(match most_similar(kind, names) {
            Some(similar) if similar != kind => {
                diagnostic.with_help(format!("did you mean `{similar}:{rest}`?"))
            }
            _ => diagnostic,
        });
    }
    let Some(kind) = kind_of(kind) else {
        let message = format!("one-liners do not trace `{kind}`");
        let help = "write a program for `bpfc run`, or trace tracepoint, raw_tp, kprobe, kretprobe, ksyscall, fentry, fexit, uprobe, uretprobe, usdt, perf_event or profile";
        return Err(Diagnostic::new(E0906, here, message).with_help(help));
    };
    let target = rest.split(',').next().unwrap_or("").to_owned();
    let mut place = Place { kind, spec, target, at, params: Vec::new(), ret: None };
    if let Some(kernel) = kernel {
        place.find_arguments(kernel, here)?;
    }
    Ok(place)
}

fn kind_of(word: &str) -> Option<Kind> {
    Some(match word {
        "tp" => Kind::Tracepoint,
        "raw_tp" => Kind::Raw,
        "kprobe" | "kprobe.multi" => Kind::Kprobe,
        "kretprobe" | "kretprobe.multi" => Kind::Kretprobe,
        "ksyscall" => Kind::Ksyscall,
        "kretsyscall" => Kind::Kretprobe,
        "fentry" => Kind::Fentry,
        "fexit" => Kind::Fexit,
        "uprobe" | "uprobe.multi" => Kind::Uprobe,
        "uretprobe" | "uretprobe.multi" => Kind::Uretprobe,
        "usdt" => Kind::Usdt,
        "perf_event" => Kind::Perf,
        _ => return None,
    })
}

/// `hz:99`, `99`, `ms:10`: how often, as a rate of the CPU clock.
fn rate_of_profile(rest: &str, here: Span) -> Result<String, Diagnostic> {
    let (unit, number) = rest.split_once(':').unwrap_or(("hz", rest));
    let (number, options) =
        number.split_once(',').map_or((number, String::new()), |(a, b)| (a, format!(",{b}")));
    let nanoseconds = match unit {
        "hz" if number.parse::<u64>().is_ok() => return Ok(format!("cpu-clock:{number}{options}")),
        "s" => 1_000_000_000,
        "ms" => 1_000_000,
        "us" => 1_000,
        _ => 0,
    };
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(nanoseconds)).filter(|period| *period > 0) {
        Some(period) => Ok(format!("cpu-clock:p{period}{options}")),
        None => Err(Diagnostic::new(E0906, here, format!("`{rest}` is no rate"))
            .with_help("`profile:hz:99` for 99 samples a second on each CPU, `profile:ms:10`, `profile:us:500`")),
    }
}

/// `faults:100` is once in 100 faults.
fn counter(rest: &str) -> String {
    let (name, count) = rest.split_once(':').unwrap_or((rest, ""));
    let name = match name {
        "faults" => "page-faults",
        "cs" => "context-switches",
        "cpu" => "cpu-clock",
        name => name,
    };
    match count.trim() {
        "" => name.to_owned(),
        count => format!("{name}:p{count}"),
    }
}

impl Place {
    /// Whether it may stand for many.
    pub fn is_pattern(&self) -> bool {
        !matches!(self.kind, Kind::Perf) && self.target.contains(['*', '?'])
    }

    /// What the argument is called that every such function has.
    pub fn context(&self) -> &'static str {
        match self.kind {
            Kind::Tracepoint => "args",
            _ => "ctx",
        }
    }

    /// Whether what pointers point to belongs to the process.
    pub fn is_user(&self) -> bool {
        match self.kind {
            Kind::Tracepoint => self.target.starts_with("syscalls:"),
            Kind::Ksyscall | Kind::Uprobe | Kind::Uretprobe | Kind::Usdt => true,
            _ => false,
        }
    }

    /// A tracepoint's struct in C.
    pub fn record(&self) -> Option<String> {
        let (category, event) = self.target.split_once(':')?;
        let is_name = |name: &str| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        (self.kind == Kind::Tracepoint && is_name(category) && is_name(event))
            .then(|| format!("struct tracepoint__{category}__{event}"))
    }

    /// The argument, by its number.
    pub fn register(&self, number: usize) -> Option<String> {
        match self.kind {
            Kind::Kprobe | Kind::Uprobe if number < N_REGISTERS => {
                Some(format!("PT_REGS_PARM{}(ctx)", number + 1))
            }
            Kind::Raw => Some(format!("ctx->args[{number}]")),
            Kind::Fentry | Kind::Fexit => Some(self.params.get(number)?.name.clone()),
            Kind::Ksyscall if number < N_REGISTERS => Some(format!("arg{number}")),
            Kind::Usdt => Some(format!("arg{number}")),
            _ => None,
        }
    }

    /// Names and types of arguments, as the kernel's types have them.
    fn find_arguments(&mut self, kernel: &Btf, here: Span) -> Result<(), Diagnostic> {
        if self.is_pattern() {
            return Ok(());
        }
        let (module, function) =
            self.target.split_once(':').map_or((None, self.target.as_str()), |(a, b)| (Some(a), b));
        let is_kernel = module.is_none_or(|module| module == "vmlinux");
        match self.kind {
            Kind::Kprobe | Kind::Kretprobe | Kind::Fentry | Kind::Fexit if is_kernel => {
                let function = function.split('+').next().unwrap_or(function);
                match kernel.find_func(function) {
                    Some((_, proto)) => {
                        self.params = params(kernel, &proto, 0);
                        self.ret = c::type_name(kernel, proto.ret(), "").ok();
                    }
                    None if matches!(self.kind, Kind::Fentry | Kind::Fexit) => {
                        let message =
                            format!("the kernel has no function `{function}` with known types");
                        return Err(Diagnostic::new(E0906, here, message).with_help("`bpfc features` tells whether this kernel has types; `kprobe` needs none"));
                    }
                    None => {}
                }
            }
            Kind::Raw => {
                // The function that calls whoever watches names its parameters, the type of those who watch does not.
                let caller =
                    kernel.find_func(&format!("__traceiter_{function}")).map(|(_, proto)| proto);
                let typedef =
                    || kernel.find_by_name(&format!("btf_trace_{function}"), KindSet::TYPEDEF);
                if let Some(proto) = caller.or_else(|| pointed_function(kernel, typedef()?)) {
                    // The first one is data of whoever watches.
                    self.params = params(kernel, &proto, 1);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn pointed_function(btf: &Btf, id: bpfc_btf::TypeId) -> Option<FuncProto<'_>> {
    let (_, Type::Ptr { target }) = btf.resolved(id).ok()? else { return None };
    match btf.resolved(target).ok()? {
        (_, Type::FuncProto(proto)) => Some(proto),
        _ => None,
    }
}

fn params(btf: &Btf, proto: &FuncProto<'_>, skipped: usize) -> Vec<Param> {
    let all = proto.params().skip(skipped).enumerate();
    all.map(|(at, param)| {
        let name = if param.name.is_empty() { format!("arg{at}") } else { param.name.to_owned() };
        let shape = Shape::of(btf, param.ty);
        Param { name, shape: shape.unwrap_or_else(Shape::word), is_data_loc: false }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &str) -> Result<String, String> {
        place(text, 0..text.len(), 0, None).map(|place| place.spec).map_err(|error| error.message)
    }

    #[test]
    fn other_tools_names_are_known() {
        assert_eq!(spec("t:sched:sched_switch").unwrap(), "tp:sched:sched_switch");
        assert_eq!(spec("profile:hz:99").unwrap(), "perf_event:cpu-clock:99");
        assert_eq!(spec("profile:ms:10").unwrap(), "perf_event:cpu-clock:p10000000");
        assert_eq!(spec("software:faults:100").unwrap(), "perf_event:page-faults:p100");
        assert_eq!(spec("kr:vfs_*,limit=9").unwrap(), "kretprobe:vfs_*,limit=9");
        assert_eq!(spec("profile:x").unwrap_err(), "`x` is no rate");
        assert_eq!(spec("BEGIN").unwrap_err(), "there is no probe `BEGIN`");
        assert_eq!(spec("xdp:eth0").unwrap_err(), "one-liners do not trace `xdp`");
        assert!(spec("kprob:x").is_err());
    }

    #[test]
    fn records_have_names() {
        let of = |text: &str| place(text, 0..text.len(), 0, None).unwrap().record();
        assert_eq!(of("tp:a:b").as_deref(), Some("struct tracepoint__a__b"));
        assert_eq!(of("tp:a:b*"), None);
    }
}
