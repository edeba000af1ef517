//! Bytes of maps and events as people read them: decoded by their BTF type, as text, JSON,
//! tables and histograms.

mod codec;
mod decode;
mod encode;
mod histogram;
mod map;
mod table;
mod value;

pub use codec::Codec;
pub use decode::{Decoder, Field};
pub use encode::{Encoder, Part};
pub use map::{Element, MapView, Row};
pub use table::Table;
pub use value::Value;
