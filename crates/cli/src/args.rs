//! The command line, as clap reads it. Flags of C compilers keep their names (`-I`, `-D`,
//! `-O2`, `-include`).

use crate::cpu_arg::{CpuChoice, CpuParser};
use crate::emit_arg::{Emit, EmitParser};
use bpfc_kabi::Arch;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

mod test;

pub use test::{CoverageChoice, Test};

/// Check, build and run BPF programs written in C: no LLVM, no kernel headers.
#[derive(Debug, Parser)]
#[command(name = "bpfc", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Exit status: 0 fine, 1 diagnostics, 2 wrong usage, 3 environment.")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// When to use colours.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: ColorChoice,

    /// How to print diagnostics.
    #[arg(long, alias = "message-format", global = true, value_enum, default_value_t)]
    #[arg(value_name = "FORMAT")]
    pub format: MessageFormat,

    /// Print this many errors, 0 for all.
    #[arg(long, global = true, default_value_t = 20, value_name = "N")]
    pub error_limit: usize,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Report everything that is wrong with programs, without building them.
    Check(Check),
    /// Compile a program to a BPF object file.
    Build(Build),
    /// Make one object file of several, each of which may use what another defines.
    Link(Link),
    /// Take the command line of clang, for Makefiles: make CLANG="bpfc cc".
    #[command(disable_help_flag = true)]
    Cc {
        /// Options and files as for clang.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<std::ffi::OsString>,
    },
    /// Run a program: in the virtual machine, or with --kernel on this machine.
    Run(Run),
    /// Run the tests of programs: scenarios in their comments, and test functions beside them.
    Test(Test),
    /// Trace what a one-liner asks for: 'kprobe:vfs_read { comm, args.count }'.
    Trace(Trace),
    /// Detach what killed runs have left behind.
    Cleanup(Cleanup),
    /// Show and change maps that are in the kernel.
    Map(MapArgs),
    /// Show programs that are in the kernel, where they are attached and who holds them.
    Prog(ProgArgs),
    /// Run a Python script that was written for BCC, as it is.
    Py(Py),
    /// Explain a diagnostic code, such as E0703, or a warning, such as -Wshadow.
    Explain(Explain),
    /// Explain what a kernel's verifier printed when it rejected a program.
    ExplainLog(ExplainLog),
    /// Show what the running kernel can do with BPF.
    Features(Features),
    /// Write a program in BCC's dialect as plain C in libbpf's style.
    Convert(Convert),
    /// Disassemble an object file.
    Disasm(Disasm),
    /// Make a typed loader for an object file, in the language of your program.
    Skeleton(Skeleton),
    /// Print a completion script for a shell.
    #[command(hide = true)]
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Write man pages into a folder.
    #[command(hide = true)]
    Man {
        /// Where to.
        folder: PathBuf,
    },
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How to print diagnostics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    /// Source excerpts.
    #[default]
    Human,
    /// One line each.
    Short,
    /// One JSON object a line.
    Json,
    /// One SARIF document.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
    /// A document of JUnit: the results of `bpfc test`.
    Junit,
}

/// How C is compiled.
#[derive(Args, Clone, Debug)]
pub struct Compile {
    #[command(flatten)]
    #[allow(missing_docs, reason = "flattened")]
    pub search_path: SearchPath,

    /// Define a macro.
    #[arg(short = 'D', value_name = "NAME[=VALUE]", help_heading = "Compiler options")]
    pub defines: Vec<String>,

    /// Undefine a macro.
    #[arg(short = 'U', value_name = "NAME", help_heading = "Compiler options")]
    pub undefines: Vec<String>,

    /// Include FILE before the program.
    #[arg(long = "include", value_name = "FILE", help_heading = "Compiler options")]
    pub includes: Vec<String>,

    /// Optimisation: 0 for none, s or z for size, anything else for speed and size.
    #[arg(short = 'O', overrides_with = "opt_level", value_name = "LEVEL", default_value = "2", value_parser = ["0", "1", "2", "3", "s", "z", "g", "fast"])]
    #[arg(help_heading = "Compiler options", hide_possible_values = true)]
    pub opt_level: String,

    /// Instruction set: `v1` to `v4`, or `probe` for the newest that the running kernel takes; `help`
    /// lists them.
    #[arg(long, alias = "mcpu", value_parser = CpuParser, default_value = "v3", value_name = "VERSION")]
    #[arg(help_heading = "Compiler options")]
    pub cpu: CpuChoice,

    /// The architecture whose registers and system calls the program sees; by default this
    /// machine's.
    #[arg(long, value_name = "ARCH", value_parser = arch_parser(), help_heading = "Compiler options")]
    pub target_arch: Option<Arch>,

    /// Byte order of the machine that runs the program.
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "ORDER",
        help_heading = "Compiler options"
    )]
    pub endian: EndianChoice,

    /// Take kernel types from this BTF file instead of the running kernel's; a second one adds
    /// those of a module.
    #[arg(long, value_name = "FILE", help_heading = "Compiler options")]
    pub btf: Vec<PathBuf>,

    /// The dialect of C.
    #[arg(long, value_enum, default_value_t, help_heading = "Compiler options")]
    pub dialect: DialectChoice,

    /// FN handles this USDT probe: FN=BINARY:PROVIDER:NAME (BCC's dialect).
    #[arg(long, value_name = "FN=PROBE", help_heading = "Compiler options")]
    pub usdt: Vec<String>,

    /// What `bpf_num_cpus()` is, by default the CPUs of this machine (BCC's dialect).
    #[arg(long, value_name = "N", help_heading = "Compiler options")]
    pub num_cpus: Option<u32>,

    /// Turn a warning on (`-Wshadow`), off (`-Wno-shadow`), or into an error
    /// (`-Werror=shadow`); also `-Wall`, `-Wextra`, `-Werror`.
    #[arg(short = 'W', value_name = "[no-]WARNING", help_heading = "Compiler options")]
    pub warnings: Vec<String>,

    /// Report no warnings.
    #[arg(short = 'w', help_heading = "Compiler options")]
    pub no_warnings: bool,

    /// Tell what optimisation did: `-Rpass`, what it did not: `-Rpass-missed`, what it found:
    /// `-Rpass-analysis`; with `=PATTERN`, only passes whose names match the regular expression.
    #[arg(short = 'R', value_name = "pass[=PATTERN]", help_heading = "Compiler options")]
    pub remarks: Vec<String>,

    /// Accepted for other compilers' sake: debug information is always made.
    #[arg(short = 'g', hide = true)]
    pub debug: bool,
}

/// Where included files are looked for.
#[derive(Args, Clone, Debug, Default)]
pub struct SearchPath {
    /// Look for included files in DIR.
    #[arg(short = 'I', value_name = "DIR", help_heading = "Compiler options")]
    pub include_dirs: Vec<PathBuf>,

    /// Look in DIR for files that are included with quotes, before -I.
    #[arg(long, value_name = "DIR", hide_short_help = true, help_heading = "Compiler options")]
    pub iquote: Vec<PathBuf>,

    /// Look for included files in DIR, after -I; its headers get no warnings.
    #[arg(long, value_name = "DIR", hide_short_help = true, help_heading = "Compiler options")]
    pub isystem: Vec<PathBuf>,

    /// Look for included files in DIR, last; its headers get no warnings.
    #[arg(long, value_name = "DIR", hide_short_help = true, help_heading = "Compiler options")]
    pub idirafter: Vec<PathBuf>,
}

/// Takes the names of architectures, and lists the main ones.
fn arch_parser() -> impl TypedValueParser<Value = Arch> {
    let names = Arch::all().map(|arch| PossibleValue::new(arch.name()).aliases(arch.aliases()));
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Arch>())
}

/// The dialect of C.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DialectChoice {
    /// The file tells: BCC's if it has no sections and no libbpf headers.
    #[default]
    Auto,
    /// BCC's.
    Bcc,
    /// libbpf's.
    Libbpf,
}

/// Byte orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum EndianChoice {
    /// Least significant byte first: `bpfel`.
    #[default]
    #[value(alias = "bpfel", alias = "el", alias = "bpf")]
    Little,
    /// Most significant byte first: `bpfeb`.
    #[value(alias = "bpfeb", alias = "eb")]
    Big,
}

/// `bpfc check`
#[derive(Args, Debug)]
pub struct Check {
    /// C programs or object files, or `-` for standard input.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Apply the changes that helps propose, until nothing more can be fixed.
    #[arg(long)]
    pub fix: bool,

    /// With --fix: write nothing, print the changes as a patch.
    #[arg(long, requires = "fix")]
    pub dry_run: bool,

    /// Tell what it took to verify each program: instructions, states, stack, the most expensive lines.
    #[arg(long)]
    pub stats: bool,

    /// Check against these kernels: `5.10,6.1,6.12`, `all` of those that bpfc carries, `running`.
    #[arg(long, value_name = "VERSION", value_delimiter = ',')]
    pub kernel: Vec<String>,

    /// Check for a user without CAP_BPF and CAP_PERFMON, where the kernel lets such users load programs.
    #[arg(long)]
    pub unprivileged: bool,

    #[command(flatten)]
    #[allow(missing_docs, reason = "flattened")]
    pub compile: Compile,
}

/// `bpfc build`
#[derive(Args, Debug)]
pub struct Build {
    /// A C program, or `-` for standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Further programs and objects, to be linked with the first one.
    #[arg(value_name = "FILE")]
    pub others: Vec<PathBuf>,

    /// Where to write the result: by default FILE with `.o`, or standard output for text.
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,

    /// What to write. `ir` may name a time: `ir=lowered`, `ir=each`, `ir=after:PASS`.
    #[arg(long, value_name = "KIND", default_value = "obj", value_parser = EmitParser)]
    pub emit: Emit,

    /// What the object is called in a skeleton, by default after FILE.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// The package of a skeleton in Go, by default $GOPACKAGE (which `go generate` sets) or `main`.
    #[arg(long, value_name = "NAME")]
    pub package: Option<String>,

    /// Only preprocess.
    #[arg(short = 'E')]
    pub preprocess: bool,

    /// Take kernel types from this kernel: `5.10`, `6.1`, `6.12`, `running`.
    #[arg(long, value_name = "VERSION", conflicts_with = "btf")]
    pub kernel: Option<String>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "flattened")]
    pub depend: Depend,

    #[command(flatten)]
    #[allow(missing_docs, reason = "flattened")]
    pub compile: Compile,
}

/// `bpfc link`
#[derive(Args, Debug)]
pub struct Link {
    /// Object files.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Where to write the result.
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,
}

/// What `make` is told of included files.
#[derive(Args, Clone, Debug, Default)]
pub struct Depend {
    /// Also write a rule for make: which files the result depends on. (-MD)
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "", hide_short_help = true)]
    pub depfile: Option<String>,

    /// The target of that rule, instead of the output. (-MT)
    #[arg(long, value_name = "TARGET", hide_short_help = true)]
    pub dep_target: Vec<String>,

    /// Add an empty rule for every included file. (-MP)
    #[arg(long, hide_short_help = true)]
    pub dep_phony: bool,

    /// Leave out headers of the system. (-MMD)
    #[arg(long, hide_short_help = true)]
    pub dep_user_only: bool,

    /// Only write the rule. (-M)
    #[arg(long, hide_short_help = true)]
    pub dep_only: bool,
}

/// `bpfc run`
#[derive(Args, Debug)]
pub struct Run {
    /// A C program or an object file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Further programs and objects, to be linked with the first one.
    #[arg(value_name = "FILE")]
    pub others: Vec<PathBuf>,

    /// Packets for the program: a pcap file, a description such as `eth/ipv4/udp(dport={53,5353})`, or `hex:…`. By default a
    /// TCP SYN.
    #[arg(long, value_name = "FILE|PACKET")]
    pub packet: Option<String>,

    /// Run each packet this many times.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub repeat: u32,

    /// Which engines run the program in the virtual machine.
    #[arg(long, value_enum, default_value_t)]
    pub engine: EngineChoice,

    /// Show how many instructions each line of the source took, the way that most runs went (>), and calls of helpers.
    #[arg(long, conflicts_with = "kernel")]
    pub profile: bool,

    /// Run only this program of the file.
    #[arg(long, value_name = "NAME")]
    pub program: Option<String>,

    /// Load into the running kernel and attach there.
    #[arg(long)]
    pub kernel: bool,

    /// Where to attach: `xdp:eth0`, `tp:sched:sched_switch`, `raw_tp:sched_switch`,
    /// `tc:eth0:ingress`; `NAME=…` for one program of several.
    #[arg(long, value_name = "[NAME=]WHERE", requires = "kernel")]
    pub attach: Vec<String>,

    /// Detach and end after this many seconds; by default with Ctrl-C.
    #[arg(long, value_name = "SECONDS", requires = "kernel")]
    pub duration: Option<f64>,

    /// Send a record through a user ring buffer once programs are attached: `requests=struct request:{"pid": 7}`,
    /// `requests=hex:07000000`.
    #[arg(long, value_name = "MAP=RECORD", requires = "kernel", conflicts_with = "packet")]
    pub send: Vec<String>,

    /// Give a global variable another first value: `target_pid=42`, `opts.comm="nginx"`, `ports[1]=0x50`.
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,

    /// Detach and end after this many events.
    #[arg(long, value_name = "N", requires = "kernel")]
    pub count: Option<u64>,

    /// Detach and end when this is true: `map hits[0] > 100`, `hits["curl"].bytes >= 1e6`, `hits.len == 10`, `total > 5`
    /// for a variable, `events >= 10`, `lost > 0`; any of several.
    #[arg(long, value_name = "CONDITION", requires = "kernel")]
    pub exit_on: Vec<String>,

    /// Keep maps, programs and attachments below this folder of a bpffs when the run ends, until the pins are removed.
    #[arg(long, value_name = "FOLDER", requires = "kernel", conflicts_with = "packet")]
    pub pin: Option<PathBuf>,

    /// Show what maps hold while programs run: on a terminal a screen, elsewhere tables, every second or as often as this.
    #[arg(long, value_name = "SECONDS", requires = "kernel", num_args = 0..=1, require_equals = true, default_missing_value = "1")]
    pub watch: Option<f64>,

    /// Print how often each stack of a process was seen, folded as flame graph tools take it, in place of events and maps.
    #[arg(long, requires = "kernel", conflicts_with = "watch")]
    pub user_stack: bool,

    /// The same for stacks of the kernel; with --user-stack, on top of the process's.
    #[arg(long, requires = "kernel", conflicts_with = "watch")]
    pub kernel_stack: bool,

    /// Draw a flame graph of stacks, or else the histograms, when the run ends.
    #[arg(long, value_name = "FILE", requires = "kernel")]
    pub svg: Option<PathBuf>,

    /// How to print events, maps and other results.
    #[arg(long, value_enum, value_name = "FORM", default_value_t)]
    pub output: Output,

    /// Short for --output json.
    #[arg(long, conflicts_with = "output")]
    pub json: bool,

    #[command(flatten)]
    #[allow(missing_docs, reason = "flattened")]
    pub compile: Compile,
}

/// `bpfc trace`
#[derive(Args, Debug)]
pub struct Trace {
    /// PROBE[, PROBE…] [/FILTER/] [{ ACTION; … }]: an action prints values (`comm, args.filename`) or keeps them in a map
    /// (`@[comm] = count()`).
    #[arg(value_name = "ONE-LINER")]
    pub text: String,

    /// Print the program, and run nothing.
    #[arg(long, value_name = "KIND", value_parser = ["c"])]
    pub emit: Option<String>,

    /// Only what this process does.
    #[arg(short, long, value_name = "PID")]
    pub pid: Option<u32>,

    /// End after this many seconds; by default with Ctrl-C.
    #[arg(long, value_name = "SECONDS")]
    pub duration: Option<f64>,

    /// End after this many lines.
    #[arg(long, value_name = "N")]
    pub count: Option<u64>,

    /// End when this is true: `map counts.len == 10`, `events >= 10`; any of several.
    #[arg(long, value_name = "CONDITION")]
    pub exit_on: Vec<String>,

    /// Show what maps hold meanwhile: on a terminal a screen, elsewhere tables, every second or as often as this.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "1")]
    pub watch: Option<f64>,

    /// Draw a flame graph of stacks, or else the histograms, at the end.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,

    /// How to print lines and maps.
    #[arg(long, value_enum, value_name = "FORM", default_value_t)]
    pub output: Output,

    /// Short for --output json.
    #[arg(long, conflicts_with = "output")]
    pub json: bool,

    #[command(flatten)]
    #[allow(missing_docs, reason = "flattened")]
    pub compile: Compile,
}

impl Trace {
    /// How the program of a one-liner is run.
    pub fn run(&self) -> Run {
        Run {
            file: PathBuf::from("one-liner.c"),
            others: Vec::new(),
            packet: None,
            repeat: 1,
            profile: false,
            engine: EngineChoice::default(),
            program: None,
            kernel: true,
            attach: Vec::new(),
            duration: self.duration,
            send: Vec::new(),
            set: Vec::new(),
            count: self.count,
            exit_on: self.exit_on.clone(),
            pin: None,
            watch: self.watch,
            user_stack: false,
            kernel_stack: false,
            svg: self.svg.clone(),
            output: self.output,
            json: self.json,
            compile: self.compile.clone(),
        }
    }
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Columns for people.
    #[default]
    Table,
    /// One JSON object a line.
    Json,
    /// Comma-separated values, the first line names them.
    Csv,
}

impl Run {
    /// How results are printed.
    pub fn output(&self) -> Output {
        if self.json { Output::Json } else { self.output }
    }
}

/// `bpfc prog`
#[derive(Args, Debug)]
pub struct ProgArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: ProgAction,

    /// Print results as JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

/// What `bpfc prog` does.
#[derive(clap::Subcommand, Debug)]
pub enum ProgAction {
    /// List all programs, or tell everything about one.
    Show {
        /// The program: its name, `id:NUMBER`, `tag:HASH`, or a path where it is pinned.
        program: Option<String>,
    },
    /// List all attachments that are links.
    Links,
    /// Take a program away from where a link holds it, whoever has the link.
    Detach {
        /// The number of the link.
        link: String,
    },
}

/// `bpfc map`
#[derive(Args, Debug)]
pub struct MapArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: MapAction,

    /// Print results as JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

/// What `bpfc map` does. A map is its name, `id:NUMBER`, or the path where it is pinned; keys and values are JSON, words, or
/// `hex:…`.
#[derive(clap::Subcommand, Debug)]
pub enum MapAction {
    /// List all maps, or show one.
    Show {
        /// The map: its name, `id:NUMBER`, or a path.
        map: Option<String>,
    },
    /// Print all elements, or the variables of a data section.
    Dump {
        /// The map: its name, `id:NUMBER`, or a path.
        map: String,
    },
    /// Print one element, or one variable of a data section.
    Get {
        /// The map: its name, `id:NUMBER`, or a path.
        map: String,
        /// The key, or the name of a variable.
        #[arg(allow_hyphen_values = true)]
        key: String,
    },
    /// Change or add an element, or change a variable or a part of it.
    Set {
        /// The map: its name, `id:NUMBER`, or a path.
        map: String,
        /// The key, or the name of a variable.
        #[arg(allow_hyphen_values = true)]
        key: String,
        /// The value; members of a struct that are not mentioned stay as they are.
        #[arg(allow_hyphen_values = true)]
        value: String,
        /// Only add.
        #[arg(long, conflicts_with = "existing")]
        new: bool,
        /// Only change.
        #[arg(long)]
        existing: bool,
    },
    /// Delete an element.
    Delete {
        /// The map: its name, `id:NUMBER`, or a path.
        map: String,
        /// The key.
        #[arg(allow_hyphen_values = true)]
        key: String,
    },
    /// Put a value into a queue, stack or bloom filter.
    Push {
        /// The map: its name, `id:NUMBER`, or a path.
        map: String,
        /// The value.
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Take the next value out of a queue or stack, and print it.
    Pop {
        /// The map: its name, `id:NUMBER`, or a path.
        map: String,
    },
    /// Give a map a name in a mounted bpffs, so that it stays.
    Pin {
        /// The map: its name, `id:NUMBER`, or a path.
        map: String,
        /// Where, such as `/sys/fs/bpf/counts`.
        path: PathBuf,
    },
    /// Forbid further changes from user space, for good.
    Freeze {
        /// The map: its name, `id:NUMBER`, or a path.
        map: String,
    },
}

/// Engines of the virtual machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum EngineChoice {
    /// Both, compared.
    #[default]
    Both,
    /// rbpf.
    Rbpf,
    /// The reference interpreter.
    Reference,
}

/// `bpfc explain`
#[derive(Args, Debug)]
pub struct Explain {
    /// A code, or a warning such as -Wshadow; without one, the list of all.
    #[arg(allow_hyphen_values = true)]
    pub code: Option<String>,
}

/// `bpfc explain-log`
#[derive(Args, Debug)]
pub struct ExplainLog {
    /// The log, also one that a loader printed or that was copied from a page; `-` for standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// The object that was loaded: tells the source line of each instruction.
    #[arg(long, value_name = "OBJECT")]
    pub object: Option<PathBuf>,

    /// Where the source is: a file, or a folder that is searched.
    #[arg(long, value_name = "PATH", default_value = ".", hide_default_value = true)]
    pub source: PathBuf,
}

/// `bpfc cleanup`
#[derive(Args, Debug)]
pub struct Cleanup {
    /// Only tell what would be detached.
    #[arg(long)]
    pub dry_run: bool,

    /// Remove all pins in this folder of a bpffs, and so what only they hold.
    #[arg(long, value_name = "FOLDER")]
    pub pins: Option<PathBuf>,
}

/// `bpfc py`
#[derive(Args, Debug)]
pub struct Py {
    /// The interpreter, which must have the package bpfc; `python3` if none is given.
    #[arg(long, value_name = "PATH")]
    pub python: Option<PathBuf>,

    /// The script: its `import bcc` gets bpfc.
    #[arg(value_name = "SCRIPT")]
    pub script: PathBuf,

    /// Arguments of the script.
    #[arg(value_name = "ARGUMENT", trailing_var_arg = true, allow_hyphen_values = true)]
    pub args: Vec<std::ffi::OsString>,
}

/// `bpfc features`
#[derive(Args, Debug)]
pub struct Features {
    /// Only this group, and in it only these names: `maps`, `attach kprobe.multi`, `helpers xdp`, `kfuncs xdp`; `all`
    /// adds the long lists. Groups: system, rights, settings, mounts, config, isa, features, btf, attach, programs,
    /// test-runs, maps, iterators, struct-ops, helpers, kfuncs.
    #[arg(value_name = "GROUP", num_args = 0.., conflicts_with = "has")]
    pub what: Vec<String>,

    /// Ask for one thing: `kprobe.multi`, `map:ringbuf`, `bpf_loop@xdp`; may be given more than once. The exit status
    /// is 0 if all are there, 1 if one is not, 3 if it cannot be told.
    #[arg(long, value_name = "NAME")]
    pub has: Vec<String>,

    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// `bpfc skeleton`
#[derive(Args, Debug)]
pub struct Skeleton {
    /// An object file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// The language.
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    pub lang: LanguageChoice,

    /// What the object is called, by default after FILE.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// The package in Go, by default $GOPACKAGE (which `go generate` sets) or `main`.
    #[arg(long, value_name = "NAME")]
    pub package: Option<String>,

    /// Where to write, by default standard output.
    #[arg(short, long, value_name = "OUT", default_value = "-", hide_default_value = true)]
    pub output: PathBuf,
}

/// Languages of loaders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LanguageChoice {
    /// C and C++, on libbpf.
    C,
    /// Rust, on libbpf-rs.
    Rust,
    /// Python, on libbpf through ctypes.
    Python,
    /// Go, on cilium/ebpf.
    Go,
}

/// `bpfc convert`
#[derive(Args, Debug)]
pub struct Convert {
    /// A C file, or a Python script with the text between triple quotes.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Where to write it; `-` is the standard output.
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub output: PathBuf,
    #[command(flatten)]
    pub compile: Compile,
}

/// `bpfc disasm`
#[derive(Args, Debug)]
pub struct Disasm {
    /// An object file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}
