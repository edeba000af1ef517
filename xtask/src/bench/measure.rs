//! Time and memory of a process, as a whole: from its start to its end.

use super::Result;
use nix::sys::resource::{UsageWho, getrusage};
use std::process::{Command, Stdio};
use std::time::Instant;

/// What a process took.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Wall time.
    pub ms: f64,
    /// Time of a processor, the kernel's share included.
    pub cpu_ms: f64,
    /// Largest resident set.
    pub peak_kib: u64,
}

impl Cost {
    /// The median of each.
    pub fn median(costs: Vec<Cost>) -> Cost {
        let mut times: Vec<f64> = costs.iter().map(|cost| cost.ms).collect();
        let mut cpu_times: Vec<f64> = costs.iter().map(|cost| cost.cpu_ms).collect();
        cpu_times.sort_by(f64::total_cmp);
        let mut peaks: Vec<u64> = costs.iter().map(|cost| cost.peak_kib).collect();
        times.sort_by(f64::total_cmp);
        peaks.sort_unstable();
        Cost {
            ms: times[times.len() / 2],
            cpu_ms: cpu_times[cpu_times.len() / 2],
            peak_kib: peaks[peaks.len() / 2],
        }
    }
}

/// What `command` takes. It runs under a small process of its own, as the kernel tells the
/// memory of children only as their common maximum.
pub fn cost(command: &[String]) -> Result<Cost> {
    let output = Command::new(std::env::current_exe()?)
        .arg("bench-child")
        .args(command)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("failed: {}", command.join(" ")).into());
    }
    let text = String::from_utf8(output.stdout)?;
    let mut words = text.split_whitespace();
    let mut word = || words.next().ok_or("no measurement");
    Ok(Cost { ms: word()?.parse()?, cpu_ms: word()?.parse()?, peak_kib: word()?.parse()? })
}

/// The small process: runs the command, prints milliseconds, those of the processor, and KiB.
pub fn child(command: &[String]) -> Result<()> {
    let (program, arguments) = command.split_first().ok_or("no command")?;
    let began = Instant::now();
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).status()?;
    let ms = began.elapsed().as_secs_f64() * 1000.0;
    if !status.success() {
        return Err(format!("`{program}` failed").into());
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let times = [usage.user_time(), usage.system_time()];
    let micros: i64 = times.iter().map(|time| time.tv_sec() * 1_000_000 + time.tv_usec()).sum();
    println!("{ms} {} {}", micros as f64 / 1000.0, usage.max_rss());
    Ok(())
}
