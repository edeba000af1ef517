//! The buffer under a [`Btf`](crate::Btf): shared or static bytes, never copied.

use std::fmt;
use std::sync::Arc;

/// Bytes that outlive the reader: a vector, a static (embedded) slice, or anything shared, such as
/// a memory map.
#[derive(Clone)]
pub enum Bytes {
    /// Embedded in the program.
    Static(&'static [u8]),
    /// Read from somewhere; cheap to clone.
    Owned(Arc<Vec<u8>>),
    /// Kept alive by someone else's type (a memory map, a section of an object file). The bytes
    /// must not change.
    Shared(Arc<dyn AsRef<[u8]> + Send + Sync>),
}

impl Bytes {
    /// The bytes.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Bytes::Static(bytes) => bytes,
            Bytes::Owned(bytes) => bytes,
            Bytes::Shared(bytes) => (**bytes).as_ref(),
        }
    }

    /// Wraps a buffer of any type.
    pub fn shared(buffer: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        Bytes::Shared(Arc::new(buffer))
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::Owned(Arc::new(bytes))
    }
}

impl From<&'static [u8]> for Bytes {
    fn from(bytes: &'static [u8]) -> Self {
        Bytes::Static(bytes)
    }
}

impl From<Arc<[u8]>> for Bytes {
    fn from(bytes: Arc<[u8]>) -> Self {
        Bytes::Shared(Arc::new(bytes))
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({} bytes)", self.as_slice().len())
    }
}
