//! Linux 6.1 boots, and what has to work there does: kprobes, which few machines that run tests have.

use super::*;
use std::process::Stdio;

/// What is run, each part behind a line that names it. Processes are made and switched all the time.
const COMMAND: &str = "\
while true; do /bin/true; usleep 200000; done & busy=$!
echo @hello_world
bpfc run --kernel examples/hello_world.c --duration 3 2>&1 || echo @failed
echo @task_switch
bpfc run --kernel examples/task_switch.c --duration 3 2>&1 || echo @failed
kill $busy
echo @hooks
bpfc-hooks probe || echo @failed
";

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
        Err(reason) => return println!("    skipped Linux 6.1 in qemu: {reason}"),
    };
    let done = execute_with(&kernel, &programs, COMMAND, &[]).unwrap();
    let output = &done.output;
    assert!(!output.contains("@failed"), "{output}");
    let (hello, rest) = output.split_once("@task_switch").unwrap();
    let (switches, hooks) = rest.split_once("@hooks").unwrap();
    assert!(hello.matches("Hello, World!").count() >= 3, "{hello}");
    assert!(switches.contains("prev_pid"), "{switches}");
    for hook in ["kprobe", "kretprobe"] {
        assert!(hooks.lines().any(|line| line == format!("{hook}: yes")), "{hooks}");
    }
    assert!(!hooks.contains(": wrong: "), "{hooks}");
}
