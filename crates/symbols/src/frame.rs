//! A function on a stack.

use std::fmt;
use std::sync::Arc;

/// What a frame is called of which nothing is known.
pub const UNKNOWN: &str = "[unknown]";

/// A function that was active: the one that an address lies in, or one that was inlined there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The function's name, as in its source; the file in brackets if only that is known, else [`UNKNOWN`].
    pub name: Arc<str>,
    /// Whose code it is.
    pub kind: FrameKind,
    /// Whether the name is a function's.
    pub is_known: bool,
    /// Whether the function was inlined into the frame that follows.
    pub is_inlined: bool,
    /// The address on the stack; the offset in the file for stacks of build ids.
    pub address: u64,
    /// Bytes from the start of the function, which for inlined functions is that of the outer one.
    pub offset: u64,
    /// The path of the file, `[vdso]`, or `[kernel]`.
    pub module: Option<Arc<str>>,
    /// The place in the source, if there is debug information.
    pub place: Option<Place>,
}

/// Whose code a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FrameKind {
    /// A process's, from a file.
    User,
    /// A process's, made at run time.
    Jit,
    /// The kernel's.
    Kernel,
}

/// A place in a source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as the debug information names it.
    pub file: Arc<str>,
    /// The line, from 1 on; 0 if it is not known.
    pub line: u32,
}

impl Frame {
    /// A frame of which nothing but its address is known.
    pub fn unknown(kind: FrameKind, address: u64) -> Frame {
        Frame {
            name: UNKNOWN.into(),
            kind,
            is_known: false,
            is_inlined: false,
            address,
            offset: 0,
            module: None,
            place: None,
        }
    }

    /// The last part of the module's path.
    pub fn module_name(&self) -> Option<&str> {
        let module = self.module.as_deref()?;
        Some(module.rsplit('/').next().unwrap_or(module))
    }
}

/// `name+0x10 (file.c:12)`; the address for what has no name.
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names come from files of anybody: none may control a terminal.
        let clean = |text: &str| text.replace(char::is_control, "\u{fffd}");
        f.write_str(&clean(&self.name))?;
        match (self.is_known, self.is_inlined) {
            (true, false) => write!(f, "+{:#x}", self.offset)?,
            (true, true) => f.write_str(" [inlined]")?,
            (false, _) => write!(f, " {:#x}", self.address)?,
        }
        match &self.place {
            Some(place) => {
                let file = place.file.rsplit('/').next().unwrap_or(&place.file);
                write!(f, " ({}:{})", clean(file), place.line)
            }
            None => Ok(()),
        }
    }
}
