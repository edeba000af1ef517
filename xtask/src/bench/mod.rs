//! `cargo xtask bench`: bpfc beside clang on the examples, in one run: time and memory of the
//! compiler, instructions of the object, time of the program. Writes `docs/benchmarks.md`, or with
//! `cargo xtask bench front-end` one section of it; `cargo xtask bench code` is about the code alone,
//! `cargo xtask bench verifier` about the verifier, `cargo xtask bench events` about reading events.

mod code;
mod code_report;
mod events;
mod headers;
mod kernel;
mod measure;
mod report;
mod verifier;

pub use measure::child;

use measure::{Cost, cost};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The examples in C that clang reads too.
const EXAMPLES: [&str; 6] =
    ["xdp_count", "xdp_firewall", "tc_rewrite", "socket_http", "execsnoop", "runqlat"];
/// How often each compiler runs on each example.
const N_RUNS: usize = 21;

/// One object and what it took to make it.
pub struct Built {
    /// Of the compiler.
    pub cost: Cost,
    /// Instruction slots of all functions.
    pub n_slots: u32,
    /// Mean nanoseconds of a run on the packets of the capture, where the kernel can be asked.
    pub run_ns: Option<f64>,
}

/// One example.
pub struct Row {
    pub name: &'static str,
    pub ours: Built,
    pub theirs: Built,
}

const USAGE: &str = "usage: cargo xtask bench [front-end | events | code [PART-OF-A-PATH] | verifier [PART-OF-A-PATH]]";

/// Builds, measures, writes: all of the page, or with `front-end` that section alone.
pub fn run(args: &[String]) -> Result<()> {
    let is_front_end_alone = match args {
        [] => false,
        [section] if section == "front-end" => true,
        [section, rest @ ..] if section == "code" && rest.len() <= 1 => return code::run(rest),
        [section, rest @ ..] if section == "verifier" && rest.len() <= 1 => {
            return verifier::run(rest);
        }
        [section] if section == "events" => {
            let root = bpfc_testkit::workspace_root().ok_or("run this in the workspace")?;
            std::fs::create_dir_all(root.join("target/bench"))?;
            return events::run(&root);
        }
        _ => return Err(USAGE.into()),
    };
    let root = bpfc_testkit::workspace_root().ok_or("run this in the workspace")?;
    let folder = root.join("target/bench");
    std::fs::create_dir_all(&folder)?;
    let bpfc = release_build(&root)?;
    dump_vmlinux(&folder)?;
    let page = root.join("docs/benchmarks.md");
    if is_front_end_alone {
        let section = report::front_ends(&headers::measure(&folder, &bpfc)?);
        print!("{section}");
        let text = report::with_front_ends(&std::fs::read_to_string(&page)?, &section);
        return Ok(std::fs::write(page, text.ok_or("the page has other sections")?)?);
    }
    let packets = kernel::packets(&root.join("examples/mixed.pcap"))?;
    let mut rows = Vec::new();
    for name in EXAMPLES {
        println!("{name}");
        rows.push(measure_example(&root, &folder, &bpfc, name, &packets)?);
    }
    let fronts = headers::measure(&folder, &bpfc)?;
    let text = report::text(&rows, &fronts, &clang_version()?);
    print!("{text}");
    Ok(std::fs::write(page, text)?)
}

/// Where the program is, built with all optimisation.
fn release_build(root: &Path) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo).args(["build", "--release", "-p", "bpfc-cli"]).status()?;
    if !built.success() {
        return Err("the release build failed".into());
    }
    Ok(root.join("target/release/bpfc"))
}

fn measure_example(
    root: &Path,
    folder: &Path,
    bpfc: &Path,
    name: &'static str,
    packets: &[Vec<u8>],
) -> Result<Row> {
    let source = root.join("examples").join(format!("{name}.c"));
    let ours = folder.join(format!("{name}.bpfc.o"));
    let theirs = folder.join(format!("{name}.clang.o"));
    let mut our_command = vec![path(bpfc), "build".into(), path(&source)];
    our_command.extend(["-o".into(), path(&ours)]);
    let their_command = clang_command(folder, &source, &theirs);
    // One after the other, so that both see the same machine.
    let (mut our_costs, mut their_costs) = (Vec::new(), Vec::new());
    for _ in 0..N_RUNS {
        our_costs.push(cost(&our_command)?);
        their_costs.push(cost(&their_command)?);
    }
    let built = |costs: Vec<Cost>, object: &Path| -> Result<Built> {
        let object = read(object)?;
        Ok(Built {
            cost: Cost::median(costs),
            n_slots: object.functions.iter().map(|f| f.n_slots()).sum(),
            run_ns: kernel::run_ns(&object, packets),
        })
    };
    Ok(Row { name, ours: built(our_costs, &ours)?, theirs: built(their_costs, &theirs)? })
}

fn read(path: &Path) -> Result<bpfc_object::Object> {
    Ok(bpfc_object::read(&std::fs::read(path)?)?)
}

fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

pub fn clang_command(folder: &Path, source: &Path, object: &Path) -> Vec<String> {
    let options = "clang-19 -O2 -g -target bpf -mcpu=v3 -D__TARGET_ARCH_x86 -w";
    let mut command: Vec<String> = options.split(' ').map(str::to_owned).collect();
    command.extend(["-I".into(), path(folder)]);
    // Where Debian has `asm/types.h`, which the kernel's headers include.
    let multiarch = Path::new("/usr/include/x86_64-linux-gnu");
    if multiarch.exists() {
        command.extend(["-I".into(), path(multiarch)]);
    }
    command.extend(["-c".into(), path(source), "-o".into(), path(object)]);
    command
}

/// The kernel's types as the header that clang needs, and what else it lacks.
pub fn dump_vmlinux(folder: &Path) -> Result<()> {
    let arguments = "btf dump file /sys/kernel/btf/vmlinux format c";
    let output = Command::new(bpftool())
        .args(arguments.split(' '))
        .output()
        .map_err(|error| format!("bpftool: {error}"))?;
    if !output.status.success() {
        return Err("bpftool cannot dump the kernel's types".into());
    }
    // The C library's headers ask for this on a machine that they do not know.
    let stubs = folder.join("gnu/stubs-32.h");
    std::fs::create_dir_all(folder.join("gnu"))?;
    std::fs::write(stubs, "")?;
    Ok(std::fs::write(folder.join("vmlinux.h"), output.stdout)?)
}

/// It is often outside the search path of ordinary users.
fn bpftool() -> PathBuf {
    let installed = PathBuf::from("/usr/sbin/bpftool");
    match installed.exists() {
        true => installed,
        false => "bpftool".into(),
    }
}

fn clang_version() -> Result<String> {
    let output = Command::new("clang-19").arg("--version").output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text.split_whitespace().skip_while(|word| *word != "version");
    Ok(version.take(2).collect::<Vec<_>>().join(" "))
}
