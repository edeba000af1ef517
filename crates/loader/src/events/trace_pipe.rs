//! `trace_pipe`: what programs print with `bpf_trace_printk`. There is one for the whole machine,
//! and each line is read once, by whoever comes first.

use crate::tracefs::Tracefs;
use crate::{Errno, LoadError};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::ops::ControlFlow;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

/// A line longer than this is handed out in parts.
const MAX_LINE_BYTES: usize = 64 << 10;
/// Reads at once, so that whoever prints faster than we read does not keep us from looking at the time.
const MAX_READS: usize = 16;

/// How long what is there is thrown away, where others go on printing.
const MAX_DISCARD: Duration = Duration::from_millis(500);

/// The reader of `trace_pipe`.
#[derive(Debug)]
pub struct TracePipe {
    file: File,
    pending: Vec<u8>,
}

/// One line of the trace, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceLine<'a> {
    /// Name of the thread that ran.
    pub task: &'a str,
    /// Its number.
    pub pid: u32,
    /// On which CPU.
    pub cpu: u32,
    /// Seconds since boot, as printed.
    pub time: &'a str,
    /// What the program printed.
    pub message: &'a str,
}

impl TracePipe {
    /// Opens the pipe; tracefs is mounted for the moment if it is not.
    ///
    /// # Errors
    /// [`LoadError::System`] without tracefs, [`LoadError::File`].
    pub fn open() -> Result<TracePipe, LoadError> {
        let path = Tracefs::open()?;
        let file = path.join("trace_pipe");
        let opened = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&file);
        let file =
            opened.map_err(|error| LoadError::File { path: file, errno: Errno::from(&error) })?;
        Ok(TracePipe { file, pending: Vec::new() })
    }

    /// Throws away what is there: lines of others, and of the past. Those that come in the meantime may be among them.
    ///
    /// # Errors
    /// [`LoadError::System`].
    pub fn discard(&mut self) -> Result<(), LoadError> {
        let end = Instant::now() + MAX_DISCARD;
        while self.read_some()? && Instant::now() < end {
            self.pending.clear();
        }
        self.pending.clear();
        Ok(())
    }

    /// Hands lines that are there to `take`, without their ends; stops after one for which it
    /// breaks, and when it has read a good deal.
    ///
    /// # Errors
    /// [`LoadError::System`].
    pub fn consume(
        &mut self,
        mut take: impl FnMut(&str) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, LoadError> {
        // Those behind a line for which it broke come first.
        for _ in 0..MAX_READS {
            if self.lines(&mut take).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            if !self.read_some()? {
                return Ok(ControlFlow::Continue(()));
            }
        }
        Ok(self.lines(&mut take))
    }

    /// Reads what one call gives; false if there is nothing.
    fn read_some(&mut self) -> Result<bool, LoadError> {
        let mut buffer = [0; 16 << 10];
        loop {
            return match self.file.read(&mut buffer) {
                Ok(0) => Ok(false),
                Ok(n) => {
                    self.pending.extend_from_slice(&buffer[..n]);
                    Ok(true)
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
                Err(error) => Err(LoadError::System {
                    operation: "read",
                    subject: "trace_pipe".into(),
                    errno: Errno::from(&error),
                }),
            };
        }
    }

    fn lines(&mut self, take: &mut impl FnMut(&str) -> ControlFlow<()>) -> ControlFlow<()> {
        let mut start = 0;
        let mut flow = ControlFlow::Continue(());
        while flow.is_continue() {
            let rest = &self.pending[start..];
            let end = match rest.iter().position(|byte| *byte == b'\n') {
                Some(end) => end,
                None if rest.len() >= MAX_LINE_BYTES => rest.len(),
                None => break,
            };
            flow = take(&String::from_utf8_lossy(&rest[..end]));
            start = (start + end + 1).min(self.pending.len());
        }
        self.pending.drain(..start);
        flow
    }
}

impl AsFd for TracePipe {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl<'a> TraceLine<'a> {
    /// Takes a line apart: `            bash-123     [001] d..21  4000.123456: bpf_trace_printk: text`.
    /// `None` if it is none of that form. Format: `trace_print_context`, `kernel/trace/trace_output.c`.
    pub fn parse(line: &'a str) -> Option<TraceLine<'a>> {
        let (head, rest) = line.split_once(" [")?;
        let (task, pid) = head.trim().rsplit_once('-')?;
        // With `record-tgid` the process stands between, in parentheses.
        let pid = pid.split([' ', '(']).next()?;
        let (cpu, rest) = rest.split_once(']')?;
        let mut words = rest.split_ascii_whitespace();
        // Flags may be off.
        let time = words.find(|word| word.ends_with(':'))?;
        let (_, rest) = rest.split_once(time)?;
        let (_, message) = rest.split_once(": ").unwrap_or(("", ""));
        Some(TraceLine {
            task,
            pid: pid.parse().ok()?,
            cpu: cpu.parse().ok()?,
            time: time.trim_end_matches(':'),
            message,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_lines_apart() {
        let line = "            bash-123     [001] d..21  4000.123456: bpf_trace_printk: a: b [c]";
        let parsed = TraceLine::parse(line).unwrap();
        let expected =
            TraceLine { task: "bash", pid: 123, cpu: 1, time: "4000.123456", message: "a: b [c]" };
        assert_eq!(parsed, expected);
        let odd = "  kworker/u8:0-x-77  [000] 1.5: bpf_trace_printk: ";
        let parsed = TraceLine::parse(odd).unwrap();
        assert_eq!((parsed.task, parsed.message), ("kworker/u8:0-x", ""));
        assert_eq!(TraceLine::parse("CPU:1 [LOST 5 EVENTS]"), None);
        assert_eq!(TraceLine::parse(""), None);
    }
}
