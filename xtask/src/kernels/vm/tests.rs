//! Linux 6.1 boots, and what has to work there does: kprobes, which few machines that run tests have.

use super::*;
use std::process::Stdio;

/// What is run, each part behind a line that names it.
const COMMAND: &str = "\
echo @hello_world
bpfc run --kernel examples/hello_world.c >hello 2>said & bpfc=$!
until grep -q attached said; do usleep 50000; done
usleep 500000
n=0; while [ $n -lt 20 ]; do (:); n=$((n+1)); done
usleep 500000
kill -INT $bpfc; wait $bpfc || echo @failed
cat hello
echo @task_switch
bpfc run --kernel examples/task_switch.c --json >switches 2>said & bpfc=$!
until grep -q attached said; do usleep 50000; done
usleep 500000
kill -INT $bpfc; wait $bpfc || echo @failed
cat switches
echo @trace
(while :; do read line </proc/version; usleep 20000; done) & reader=$!
bpfc trace 'kprobe:vfs_read /comm == \"sh\"/ { comm, name = str(args.file->f_path.dentry->d_name.name), args.count }' --count 3 --duration 20
bpfc trace 'k:vfs_rea* { @[func] = count() }' --duration 1
bpfc trace 'fexit:vfs_read /retval > 0 && comm == \"sh\"/ { func, retval, args.count }' --count 2 --duration 20
bpfc trace 'k:vfs_read { @start[tid] = nsecs } kr:vfs_read /@start[tid] && func/ { @ns[comm] = hist(nsecs - @start[tid]); delete(@start[tid]) }' --duration 2
bpfc trace 'ksyscall:openat /str(arg1) == \"/proc/version\"/ { comm, file = str(arg1) }' --count 1 --duration 20
kill $reader
echo @tools
bpfc run --kernel examples/tools/vfsstat.c --duration 5 2>said & bpfc=$!
bpfc run --kernel examples/tools/filelife.c --count 1 --duration 30 2>also & other=$!
until grep -q on_folder said && grep -q on_unlink also; do usleep 50000; done
usleep 200000
echo >/tmp/short-lived; rm /tmp/short-lived; mkdir /tmp/folder
wait $bpfc || echo @failed
wait $other || echo @failed
(while :; do read line </proc/version; usleep 20000; done) & reader=$!
bpfc run --kernel examples/tools/argdist.c --program on_call --attach kprobe:vfs_read --set argument=2 --duration 1
bpfc run --kernel examples/tools/stackcount.c --attach kprobe:vfs_read --duration 1
bpfc run --kernel examples/tools/funccount.c --attach 'kprobe:vfs_rea*' --duration 1
kill $reader
echo @hooks
bpfc-hooks || echo @failed
";

/// As many hooks as `docs/hooks.md` has of this kernel.
const N_HOOKS: usize = 82;

/// Programs without which there is no virtual machine.
const TOOLS: [&str; 6] = ["qemu-system-x86_64", "busybox", "cpio", "xz", "strip", "apt-get"];

/// `bpfc` and `bpfc-hooks` as they were built for the tests of their crates.
fn beside() -> std::result::Result<[PathBuf; 2], String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let folder = this.ancestors().nth(2).ok_or("a test without a folder")?;
    let programs = ["bpfc", "bpfc-hooks"].map(|name| folder.join(name));
    match programs.iter().find(|path| !path.exists()) {
        Some(path) => Err(format!("{} is not built", path.display())),
        None => Ok(programs),
    }
}

/// A machine to boot, or why there is none.
fn kernel() -> std::result::Result<Downloaded, String> {
    for tool in TOOLS {
        let mut command = Command::new(tool);
        let status = command.arg("--help").stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.map_err(|error| format!("{tool}: {error}"))?;
    }
    debian::download_one(&work_dir(), KernelVersion::new(6, 1)).map_err(|error| error.to_string())
}

#[test]
fn programs_run_on_linux_6_1() {
    let (programs, kernel) = match beside().and_then(|programs| Ok((programs, kernel()?))) {
        Ok(found) => found,
        Err(reason) => return bpfc_testkit::skipped(format!("Linux 6.1 in qemu: {reason}")),
    };
    let done = execute_with(&kernel, &programs, COMMAND, &[], machine::MEMORY).unwrap();
    let output = &done.output;
    assert!(!output.contains("@failed"), "{output}");
    let (hello, rest) = output.split_once("@task_switch").unwrap();
    let (switches, rest) = rest.split_once("@trace").unwrap();
    let (traced, rest) = rest.split_once("@tools").unwrap();
    let (tools, hooks) = rest.split_once("@hooks").unwrap();
    // The shell made twenty processes; another few are those that waited.
    let n_hellos = hello.lines().filter(|line| line.contains("Hello, World!")).count();
    assert!((20..=40).contains(&n_hellos), "{hello}");
    assert!(n_switches(switches) > 10, "{switches}");
    let n_lines = |start: &str, end: &str| {
        let is_it = |line: &&str| line.starts_with(start) && line.trim_end().ends_with(end);
        traced.lines().filter(is_it).count()
    };
    // A shell reads a line byte by byte.
    assert!(n_lines("sh ", "  1") >= 3 && traced.contains("version"), "{traced}");
    assert!(n_lines("vfs_read ", "  1") >= 2, "{traced}");
    assert!(traced.contains("  vfs_read "), "{traced}");
    assert!(traced.contains("  comm = sh\n"), "{traced}");
    assert!(n_lines("sh ", "/proc/version") >= 1, "{traced}");
    for seen in ["making_folders", "removing", "short-lived", "ksys_read", "vfs_read "] {
        assert!(tools.contains(seen), "{seen}: {tools}");
    }
    let count = |outcome: &str| hooks.lines().filter(|line| line.ends_with(outcome)).count();
    assert!(count(": yes") >= N_HOOKS, "{} hooks work: {hooks}", count(": yes"));
    for hook in
        ["kprobe", "kretprobe", "kprobe.multi", "fentry", "LSM", "uprobe", "USDT", "XDP, native"]
    {
        assert!(hooks.lines().any(|line| line == format!("{hook}: yes")), "{hook}: {hooks}");
    }
    assert!(!hooks.contains(": wrong: "), "{hooks}");
}

/// The sum of all counts in the JSON lines.
fn n_switches(lines: &str) -> u64 {
    let maps =
        lines.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let elements = maps.flat_map(|map| map["elements"].as_array().cloned().unwrap_or_default());
    elements.filter_map(|element| element["value"].as_u64()).sum()
}
