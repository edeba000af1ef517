//! What a program writes to its streams (6.17): `bpf_stream_printk`, and the kernel's own complaints about it.

use crate::program::Program;
use crate::sys::bpf;
use crate::{Errno, LoadError};
use std::os::fd::{AsFd, OwnedFd};

/// `BPF_STDOUT`, `BPF_STDERR`
const IDS: [u32; 2] = [1, 2];
/// Bytes that are read at once.
const BUFFER_BYTES: usize = 4096;
/// Bytes of a line that has no end yet; longer ones are handed out in parts.
const MAX_LINE: usize = 1 << 16;

/// The streams of a program.
#[derive(Debug)]
pub struct Streams {
    program: OwnedFd,
    name: String,
    /// What came behind the last line break, of each.
    rest: [Vec<u8>; 2],
    is_over: bool,
}

/// A line of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamLine<'a> {
    /// The program.
    pub program: &'a str,
    /// Whether it is of the stream for errors.
    pub is_error: bool,
    /// The line, without its end.
    pub text: &'a str,
}

impl Streams {
    /// Opens the streams of a program; `None` where the kernel has none.
    ///
    /// # Errors
    /// [`LoadError::System`]: this process has no descriptors left.
    pub fn open(program: &Program) -> Result<Option<Streams>, LoadError> {
        let mut none = [0; 0];
        if bpf::stream_read(program.as_fd(), IDS[0], &mut none).is_err() {
            return Ok(None);
        }
        let fd = program.as_fd().try_clone_to_owned().map_err(|error| LoadError::System {
            operation: "read the streams of",
            subject: format!("program `{}`", program.name()),
            errno: Errno::from(&error),
        })?;
        let name = program.name().to_owned();
        Ok(Some(Streams { program: fd, name, rest: Default::default(), is_over: false }))
    }

    /// Hands out the lines that are there.
    pub fn read(&mut self, mut take: impl FnMut(StreamLine<'_>)) {
        let mut buffer = [0; BUFFER_BYTES];
        for (at, id) in IDS.into_iter().enumerate() {
            while !self.is_over {
                match bpf::stream_read(self.program.as_fd(), id, &mut buffer) {
                    Ok(0) => break,
                    Ok(n) => self.rest[at].extend_from_slice(&buffer[..n.min(BUFFER_BYTES)]),
                    Err(_) => self.is_over = true,
                }
                self.lines(at, false, &mut take);
            }
        }
    }

    /// Hands out what has no line break, as nothing more will come.
    pub fn finish(&mut self, mut take: impl FnMut(StreamLine<'_>)) {
        self.read(&mut take);
        (0..IDS.len()).for_each(|at| self.lines(at, true, &mut take));
    }

    fn lines(&mut self, at: usize, is_last: bool, take: &mut impl FnMut(StreamLine<'_>)) {
        let mut bytes = std::mem::take(&mut self.rest[at]);
        let mut tell = |line: &[u8]| {
            let text = String::from_utf8_lossy(line);
            take(StreamLine { program: &self.name, is_error: at == 1, text: &text });
        };
        let mut from = 0;
        while let Some(end) = bytes[from..].iter().position(|byte| *byte == b'\n') {
            tell(&bytes[from..from + end]);
            from += end + 1;
        }
        bytes.drain(..from);
        if !bytes.is_empty() && (is_last || bytes.len() > MAX_LINE) {
            tell(&bytes);
            bytes.clear();
        }
        self.rest[at] = bytes;
    }
}
