//! Stacks counted, a line each: `comm;outermost;…;innermost 42`, the form of `stackcollapse` that flame graph tools take.

use crate::frame::{Frame, FrameKind};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Counts of stacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    stacks: BTreeMap<Vec<FoldedFrame>, u64>,
}

/// A part of such a line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoldedFrame {
    /// What it is called; without `;` and control characters.
    pub name: Arc<str>,
    /// What it is.
    pub shade: Shade,
}

/// What a part of a folded stack is. Its sign behind the name is the one that `stackcollapse` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shade {
    /// What the process calls itself; the first one.
    Process,
    /// A function of a process.
    User,
    /// A function that was inlined: `_[i]`.
    Inlined,
    /// A function made at run time: `_[j]`.
    Jit,
    /// A function of the kernel: `_[k]`.
    Kernel,
    /// What has no name.
    Unknown,
}

impl Shade {
    fn sign(self) -> &'static str {
        match self {
            Shade::Process | Shade::User | Shade::Unknown => "",
            Shade::Inlined => "_[i]",
            Shade::Jit => "_[j]",
            Shade::Kernel => "_[k]",
        }
    }
}

impl FoldedFrame {
    fn new(name: &Arc<str>, shade: Shade) -> FoldedFrame {
        let is_foreign = |c: char| c == ';' || c.is_control();
        let clean = |c: char| match c {
            ';' => ':',
            c if c.is_control() => '\u{fffd}',
            c => c,
        };
        let name = match name.contains(is_foreign) {
            true => name.chars().map(clean).collect::<String>().into(),
            false => Arc::clone(name),
        };
        FoldedFrame { name, shade }
    }

    fn of(frame: &Frame) -> FoldedFrame {
        let shade = match frame.kind {
            FrameKind::Kernel => Shade::Kernel,
            FrameKind::Jit if frame.is_known => Shade::Jit,
            _ if !frame.is_known => Shade::Unknown,
            _ if frame.is_inlined => Shade::Inlined,
            FrameKind::User | FrameKind::Jit => Shade::User,
        };
        FoldedFrame::new(&frame.name, shade)
    }
}

impl Folded {
    /// Adds `count` to a stack: what the process calls itself, its frames, and on top of them those of the kernel; frames
    /// innermost first, as [`Symbolizer`](crate::Symbolizer) gives them.
    ///
    /// ```
    /// use bpfc_symbols::{Folded, Frame, FrameKind};
    ///
    /// let mut folded = Folded::default();
    /// let frame = |name: &str, kind| Frame { name: name.into(), is_known: true, ..Frame::unknown(kind, 0) };
    /// let user = [frame("read", FrameKind::User), frame("main", FrameKind::User)];
    /// folded.add("cat", &user, &[frame("vfs_read", FrameKind::Kernel)], 3);
    /// assert_eq!(folded.to_string(), "cat;main;read;vfs_read_[k] 3\n");
    /// ```
    pub fn add(&mut self, comm: &str, user: &[Frame], kernel: &[Frame], count: u64) {
        let process = FoldedFrame::new(&comm.into(), Shade::Process);
        let frames = user.iter().rev().chain(kernel.iter().rev()).map(FoldedFrame::of);
        let total =
            self.stacks.entry(std::iter::once(process).chain(frames).collect()).or_default();
        *total = total.saturating_add(count);
    }

    /// The stacks, outermost part first, and their counts; in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&[FoldedFrame], u64)> {
        self.stacks.iter().map(|(frames, count)| (frames.as_slice(), *count))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.stacks.is_empty()
    }

    /// All counts together.
    pub fn total(&self) -> u64 {
        self.stacks.values().fold(0, |sum, count| sum.saturating_add(*count))
    }
}

impl fmt::Display for Folded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (frames, count) in self.iter() {
            for (at, frame) in frames.iter().enumerate() {
                let separator = if at > 0 { ";" } else { "" };
                write!(f, "{separator}{}{}", frame.name, frame.shade.sign())?;
            }
            writeln!(f, " {count}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_in_their_line() {
        let mut folded = Folded::default();
        let frame =
            Frame { name: "a;b\n1".into(), is_known: true, ..Frame::unknown(FrameKind::User, 0) };
        folded.add("x;y\u{1b}[1m", &[frame], &[], 1);
        folded.add("x", &[Frame::unknown(FrameKind::User, 9)], &[], u64::MAX);
        folded.add("x", &[Frame::unknown(FrameKind::User, 7)], &[], 2);
        assert_eq!(
            folded.to_string(),
            "x;[unknown] 18446744073709551615\nx:y\u{fffd}[1m;a:b\u{fffd}1 1\n"
        );
    }
}
