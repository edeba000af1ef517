//! A veth pair between two network namespaces: `near` in that of the test's own thread, `far` in that of a child.

use crate::support::{may_load, output, skip};
use nix::sched::{CloneFlags, unshare};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Length of the frame of a ping.
pub const PING_BYTES: u32 = 14 + 20 + 8 + PAYLOAD_BYTES;
const PAYLOAD_BYTES: u32 = 200;

/// Pings of a test.
pub const N_PINGS: u64 = 4;

/// The other side of the pair.
pub struct Far(Child);

impl Far {
    /// Sends [`N_PINGS`] pings of [`PING_BYTES`] from `far` to `near`.
    pub fn ping(&self) {
        let line = format!("ping -c {N_PINGS} -i 0.2 -W 2 -s {PAYLOAD_BYTES} 192.0.2.1");
        let output = self.inside(&line);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }

    fn inside(&self, line: &str) -> std::process::Output {
        output(&format!("nsenter -t {} -n {line}", self.0.id()))
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Runs `test` in a new network namespace, which goes away with its thread.
pub fn with_veth(test: impl FnOnce(&Far) + Send) {
    if !may_load() {
        return;
    }
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| match setup() {
            Ok(far) => test(&far),
            Err(reason) => skip(&format!("no veth pair: {reason}")),
        });
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    });
}

/// Starts a program that says `attached`, waits for a line, and shows what the pings before that left; what it
/// prints.
pub fn run_with_pings(program: &str, arguments: &[&str], far: &Far) -> String {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    output.read_line(&mut text).unwrap();
    if text != "attached\n" {
        output.read_to_string(&mut text).unwrap();
        panic!("{text}: {}", child.wait().unwrap());
    }
    far.ping();
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    output.read_to_string(&mut text).unwrap();
    assert!(child.wait().unwrap().success(), "{text}");
    text
}

fn setup() -> Result<Far, String> {
    unshare(CloneFlags::CLONE_NEWNET).map_err(|error| error.to_string())?;
    let child = Command::new("unshare").args(["-n", "sleep", "600"]).spawn();
    let far = Far(child.map_err(|error| format!("`unshare`: {error}"))?);
    let pid = far.0.id();
    let namespace = |pid: u32| std::fs::read_link(format!("/proc/{pid}/ns/net"));
    let own = std::fs::read_link("/proc/thread-self/ns/net").map_err(|error| error.to_string())?;
    let host = namespace(std::process::id()).map_err(|error| error.to_string())?;
    let is_apart = || namespace(pid).is_ok_and(|theirs| theirs != own && theirs != host);
    for _ in 0..500 {
        if is_apart() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let check = |line: &str| match output(line) {
        output if output.status.success() => Ok(()),
        output => Err(format!("`{line}`: {}", String::from_utf8_lossy(&output.stderr).trim())),
    };
    check(&format!("ip link add near type veth peer name far netns {pid}"))?;
    check("ip addr add 192.0.2.1/24 dev near")?;
    check("ip link set near up")?;
    for line in ["ip addr add 192.0.2.2/24 dev far", "ip link set far up"] {
        check(&format!("nsenter -t {pid} -n {line}"))?;
    }
    check("ping -V")?;
    Ok(far)
}
