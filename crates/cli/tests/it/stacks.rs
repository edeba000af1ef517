//! `--user-stack`, `--kernel-stack` and `--svg` on programs that run: known functions must be in what they print.

use crate::kernel::may_load;
use crate::shell::Shell;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Spins in functions with known names, and in the kernel.
const C: &str = r#"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
volatile unsigned long sink;
static inline __attribute__((always_inline)) void spin_inlined(void)
{
	for (int i = 0; i < 2000000; i++)
		sink += i;
}
/* Functions that call nothing have no frame unless they ask for it. */
__attribute__((noinline)) void spin_outer(void) { sink = (unsigned long)__builtin_frame_address(0); spin_inlined(); }
__attribute__((noinline)) void ask_the_kernel(int fd)
{
	static char buffer[1 << 20];
	for (int i = 0; i < 20; i++)
		sink += read(fd, buffer, sizeof buffer);
}
int main(int argc, char **argv)
{
	int fd = open("/dev/zero", O_RDONLY);
	for (int left = argc > 1 ? atoi(argv[1]) : 1 << 30; left > 0; left--) {
		spin_outer();
		ask_the_kernel(fd);
	}
	return 0;
}
"#;

const CPP: &str = r#"
namespace work {
template <typename T> struct Spinner {
	T sum = 0;
	__attribute__((noinline)) void spin(int n) {
		sum = (unsigned long)__builtin_frame_address(0);
		for (int i = 0; i < n; i++) { sum += i; __asm__ volatile("" ::: "memory"); }
	}
};
}
int main() { work::Spinner<long> spinner; for (;;) spinner.spin(1000000); }
"#;

const RUST: &str = r#"
mod work {
    pub struct Spinner(pub u64);
    impl Spinner {
        #[inline(never)]
        pub fn spin(&mut self, n: u64) { for i in 0..n { self.0 = std::hint::black_box(self.0.wrapping_add(i)); } }
    }
}
fn main() { let mut spinner = work::Spinner(0); loop { spinner.spin(1000000); } }
"#;

/// A process that ends with this.
struct Working(Child);

impl Working {
    fn start(program: &Path) -> Working {
        Working(Command::new(program).spawn().expect("a program that was just built"))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Builds a program; none, with a word about it, if there is no compiler.
fn build(compiler: &str, name: &str, source: &str, options: &[&str]) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let extension = [("g++", "cpp"), ("rustc", "rs")].iter().find(|(of, _)| *of == compiler);
    let text = folder.join(format!("{name}.{}", extension.map_or("c", |(_, extension)| extension)));
    let program = folder.join(name);
    std::fs::write(&text, source).expect("a folder to write to");
    let _ = std::fs::remove_file(&program);
    let status = Command::new(compiler).args(options).arg("-o").arg(&program).arg(&text).status();
    match status {
        Ok(status) => {
            assert!(status.success(), "{compiler} {name}");
            Some(program)
        }
        Err(_) => {
            println!("  skipped: there is no {compiler}");
            None
        }
    }
}

/// What `bpfc run --kernel …` printed on standard output and on standard error.
fn run(arguments: &[&str]) -> (String, String) {
    let shell = Shell::new();
    let mut command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
    command.args(["run", "--kernel"]).args(arguments);
    let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().expect("bpfc runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{out}{err}");
    (out, err)
}

/// A profile of a process in which all that is `wanted` was seen: a machine that has much to do may give it little time.
fn profile(working: &Working, more: &[&str], wanted: &[&str]) -> (String, String) {
    let target = format!("target={}", working.0.id());
    let arguments = ["examples/profile.c", "--duration", "0.7", "--set", &target];
    let mut shown = run(&[&arguments, more].concat());
    for _ in 0..9 {
        if wanted.iter().all(|part| shown.0.contains(part)) {
            break;
        }
        shown = run(&[&arguments, more].concat());
    }
    shown
}

const FRAMES: [&str; 2] = ["-O2", "-fno-omit-frame-pointer"];

#[test]
fn a_profile_has_functions_inlined_functions_and_those_of_the_kernel() {
    let options = [&FRAMES[..], &["-g"]].concat();
    let Some(program) = may_load().then(|| build("gcc", "spin_c", C, &options)).flatten() else {
        return;
    };
    let working = Working::start(&program);
    let picture = program.with_extension("svg");
    let svg = picture.display().to_string();
    let (folded, errors) = profile(
        &working,
        &["--user-stack", "--kernel-stack", "--svg", &svg],
        &[";main;spin_outer;spin_inlined_[i] ", "vfs_read_[k]"],
    );
    assert!(errors.starts_with("on_sample: attached to perf_event:cpu-clock:99"), "{errors}");
    let has =
        |parts: &[&str]| folded.lines().any(|line| parts.iter().all(|part| line.contains(part)));
    assert!(has(&["spin_c;", ";main;spin_outer;spin_inlined_[i] "]), "{folded}");
    assert!(has(&[";main;", "do_syscall_64_[k];", "vfs_read_[k]"]), "{folded}");
    for line in folded.lines() {
        let (stack, count) = line.rsplit_once(' ').expect("a count");
        assert!(stack.starts_with("spin_c") && count.parse::<u64>().is_ok(), "{line}");
    }
    let svg = std::fs::read_to_string(&picture).expect("a picture");
    assert!(
        svg.contains("<title>spin_inlined [inlined] (")
            && svg.contains("<title>vfs_read [kernel] (")
    );
    assert!(svg.ends_with("</svg>\n"));

    let (folded, _) = profile(&working, &["--kernel-stack", "--json"], &["vfs_read"]);
    let stacks: Vec<serde_json::Value> =
        folded.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let frames = stacks.iter().flat_map(|stack| stack["stack"].as_array().expect("frames"));
    let kinds: Vec<_> = frames.map(|frame| frame["kind"].as_str().expect("a kind")).collect();
    assert!(!kinds.is_empty() && kinds.iter().all(|kind| *kind == "kernel"), "{folded}");
}

#[test]
fn what_was_counted_is_printed_when_the_user_ends_it() {
    let Some(program) = may_load().then(|| build("gcc", "spin_ctrl_c", C, &FRAMES)).flatten()
    else {
        return;
    };
    let working = Working::start(&program);
    let shell = Shell::new();
    let mut command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
    command.args(["run", "--kernel", "examples/profile.c", "--user-stack"]);
    command.arg("--set").arg(format!("target={}", working.0.id()));
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("bpfc starts");
    let errors = BufReader::new(child.stderr.take().expect("piped"));
    assert!(errors.lines().map_while(Result::ok).any(|line| line == "Ctrl-C ends"));
    std::thread::sleep(std::time::Duration::from_millis(700));
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill").success());
    let output = child.wait_with_output().expect("it ends");
    let folded = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && folded.contains(";main;"), "{folded}");
}

#[test]
fn names_of_other_languages_are_as_in_their_source() {
    if !may_load() {
        return;
    }
    let rust = ["-Cforce-frame-pointers=yes", "-Copt-level=1"];
    for (compiler, name, source, options, expected) in [
        ("g++", "spin_cpp", CPP, &FRAMES[..], ";main;work::Spinner<long>::spin(int) "),
        ("rustc", "spin_rust", RUST, &rust[..], "spin_rust::main;spin_rust::work::Spinner::spin "),
    ] {
        let Some(program) = build(compiler, name, source, options) else { continue };
        let (folded, _) = profile(&Working::start(&program), &["--user-stack"], &[expected]);
        assert!(folded.contains(expected), "{folded}");
        assert!(!folded.contains("_[k]"), "{folded}");
    }
}

#[test]
fn a_stripped_program_is_named_by_its_file() {
    let options = [&FRAMES[..], &["-s"]].concat();
    let Some(program) = may_load().then(|| build("gcc", "spin_bare", C, &options)).flatten() else {
        return;
    };
    let (folded, _) =
        profile(&Working::start(&program), &["--user-stack"], &[";[spin_bare];[spin_bare] "]);
    assert!(folded.contains(";[spin_bare];[spin_bare] "), "{folded}");
}

#[test]
fn what_ended_meanwhile_has_names() {
    let Some(program) = may_load().then(|| build("gcc", "spin_ended", C, &FRAMES)).flatten() else {
        return;
    };
    let mut command = Command::new("sh");
    command.args(["-c", "sleep 0.6; exec \"$0\" 150"]).arg(&program);
    let mut child = command.spawn().expect("a shell");
    let target = format!("target={}", child.id());
    let picture = program.with_extension("svg");
    let svg = picture.display().to_string();
    let arguments = ["examples/profile.c", "--duration", "2.5", "--svg", &svg, "--set", &target];
    let (table, errors) = run(&arguments);
    assert!(child.try_wait().expect("a child").is_some(), "it should have ended before");
    assert!(table.contains("\n        spin_outer+0x"), "{table}");
    let svg = std::fs::read_to_string(&picture).expect("a picture");
    assert!(svg.contains("<title>spin_outer ("), "{svg}");
    assert!(!errors.contains("note:"), "{errors}");
}

#[test]
fn waits_are_summed_by_where_they_began() {
    if !may_load() {
        return;
    }
    let child = Working(Command::new("sleep").arg("0.9").spawn().expect("sleep"));
    let naps = "while :; do sleep 0.05; done";
    let shell = Working(Command::new("sh").args(["-c", naps]).spawn().expect("sh"));
    let arguments =
        ["examples/offcputime.c", "--duration", "1.2", "--user-stack", "--kernel-stack"];
    let (folded, _) = run(&arguments);
    drop((child, shell));
    let waits = folded.lines().filter(|line| line.starts_with("sleep;"));
    let slept = waits
        .filter(|line| line.contains("nanosleep"))
        .filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok());
    let slept: u64 = slept.sum();
    assert!((500_000..60_000_000).contains(&slept), "{slept} us\n{folded}");
}

#[test]
fn a_histogram_is_drawn_where_there_are_no_stacks() {
    if !may_load() {
        return;
    }
    let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join("runqlat.svg");
    let path = picture.display().to_string();
    let (shown, _) = run(&["examples/runqlat.c", "--duration", "0.5", "--svg", &path]);
    assert!(shown.contains("wait_us"), "{shown}");
    let svg = std::fs::read_to_string(&picture).expect("a picture");
    assert!(svg.contains(">wait_us</text>") && svg.contains(" -&gt; "), "{svg}");
}

#[test]
fn without_stacks_there_is_nothing_to_fold() {
    if !may_load() {
        return;
    }
    let shell = Shell::new();
    let mut command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
    command.args(["run", "--kernel", "examples/execsnoop.c", "--user-stack"]);
    let output = command.output().expect("bpfc runs");
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("there is nothing for --user-stack"), "{errors}");
    assert!(!errors.contains("attached to"), "{errors}");
}

#[test]
fn stacks_stand_in_tables_json_and_comma_separated_values() {
    let Some(program) = may_load().then(|| build("gcc", "spin_shown", C, &FRAMES)).flatten() else {
        return;
    };
    let working = Working::start(&program);
    let (table, _) = profile(&working, &[], &["vfs_read+", "main+0x"]);
    let mut lines = table.lines().skip_while(|line| !line.contains("user_stack_id"));
    assert!(lines.next().is_some_and(|head| head.contains("kernel_stack_id")), "{table}");
    assert!(
        lines.next().is_some_and(|row| row.contains(" frames ") && row.contains("spin_shown")),
        "{table}"
    );
    assert!(
        table.contains("\n      kernel_stack_id\n") && table.contains("\n        main+0x"),
        "{table}"
    );
    // The map of stacks says nothing more.
    assert!(!table.contains("stacks\n"), "{table}");

    let (json, _) = profile(&working, &["--json"], &["\"main\""]);
    let maps: Vec<serde_json::Value> =
        json.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let counts = maps.iter().find(|map| map["map"] == "counts").expect("the map");
    let elements = counts["elements"].as_array().expect("elements").iter();
    let mut frames =
        elements.flat_map(|element| element["key"]["user_stack_id"].as_array().expect("frames"));
    let module = program.display().to_string();
    assert!(frames.any(|frame| frame["function"] == "main" && frame["module"] == module), "{json}");

    let (csv, _) = profile(&working, &["--output", "csv"], &[";main;"]);
    assert!(csv.starts_with("tgid,user_stack_id,kernel_stack_id,comm,value\r\n"), "{csv}");
    assert!(csv.contains(";main;"), "{csv}");
}

#[test]
fn the_stacks_of_events_stand_below_them() {
    let Some(program) = may_load().then(|| build("gcc", "spin_events", C, &FRAMES)).flatten()
    else {
        return;
    };
    let source = Path::new(env!("CARGO_TARGET_TMPDIR")).join("event_stacks.c");
    let text = r#"
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 1 << 20); } events SEC(".maps");
const volatile __u32 target;
struct event { __u32 pid; __s32 ustack_sz; __u64 ustack[16]; __u64 after; };
SEC("perf_event") int on_sample(struct bpf_perf_event_data *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct event *e;

	if (id >> 32 != target)
		return 0;
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e)
		return 0;
	e->pid = id >> 32;
	e->after = 77;
	e->ustack_sz = bpf_get_stack(ctx, e->ustack, sizeof(e->ustack), BPF_F_USER_STACK);
	bpf_ringbuf_submit(e, 0);
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
"#;
    std::fs::write(&source, text).expect("a folder to write to");
    let working = Working::start(&program);
    let (file, target) = (source.display().to_string(), format!("target={}", working.0.id()));
    let arguments = [file.as_str(), "--set", &target, "--count", "5"];
    let (table, _) = run(&arguments);
    assert!(table.lines().next().is_some_and(|head| head.ends_with("after")), "{table}");
    assert!(table.contains(" frames ") && table.contains("\n      ustack\n        "), "{table}");
    assert!(table.contains("\n        main+0x"), "{table}");
    let (folded, _) = run(&[&arguments[..], &["--user-stack", "--json"]].concat());
    assert!(folded.contains("\"name\":\"main\"") && !folded.contains("\"event"), "{folded}");
    let (csv, _) = run(&[&arguments[..], &["--output", "csv"]].concat());
    assert!(csv.contains(";main;spin_outer,77\r\n") || csv.contains(";main;"), "{csv}");
}

#[test]
fn dumped_maps_have_stacks_of_the_maps_beside_them() {
    let Some(program) = may_load().then(|| build("gcc", "spin_dump", C, &FRAMES)).flatten() else {
        return;
    };
    let working = Working::start(&program);
    let target = format!("target={}", working.0.id());
    let shell = Shell::new();
    let source = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dumped.c");
    let text =
        std::fs::read_to_string(shell.folder().join("examples/profile.c")).expect("the example");
    std::fs::write(&source, text.replace("counts", "dump_counts").replace("stacks", "dump_stacks"))
        .expect("written");
    let mut command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
    command.args(["run", "--kernel", "--set", &target, "--duration", "20"]).arg(&source);
    let profiling =
        Working(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("bpfc"));
    let dump = |map: &str| {
        let mut command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
        let output = command.args(["map", "dump", map]).output().expect("bpfc runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let mut counts = String::new();
    for _ in 0..50 {
        std::thread::sleep(std::time::Duration::from_millis(100));
        counts = dump("dump_counts");
        if counts.contains("vfs_read") && counts.contains("main+0x") {
            break;
        }
    }
    assert!(counts.contains("vfs_read+0x") && counts.contains("main+0x"), "{counts}");
    let stacks = dump("dump_stacks");
    assert!(stacks.contains("vfs_read+0x"), "{stacks}");
    drop((profiling, working));
}
