//! Bytes of maps and events as people read them: decoded by their BTF type, as text, JSON,
//! tables and histograms.

mod codec;
mod columns;
mod decode;
mod encode;
mod histogram;
mod map;
mod meaning;
mod table;
mod value;

pub use codec::Codec;
pub(crate) use codec::from_hex;
pub use columns::{Cells, Columns};
pub use decode::{Decoder, Field};
pub use encode::{Encoder, Part};
pub use map::{Bars, Element, MapView, Row};
pub use meaning::Meaning;
pub use table::{Table, stack_lines};
pub use value::Value;
