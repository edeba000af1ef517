//! The file around the columns: a table of contents, then blocks of DEFLATE (RFC 1951).
//!
//! All numbers are little-endian 32-bit words. A block in the table is its length and its packed length.
//!
//! ```text
//! magic  n_string_blocks  block…
//! n_kernels  kernel…      kernel: major minor n_string_blocks n_names types_bytes columns… block release
//! packed string blocks    packed columns of each kernel
//! ```

use crate::columns::{ColumnReader, N_COLUMNS};
use crate::decode;
use bpfc_btf::{Btf, BtfError};
use bpfc_kabi::KernelVersion;
use flate2::{Decompress, FlushDecompress, Status};

const MAGIC: &[u8; 8] = b"bpfcbtf\x02";
/// What no kernel needs: limits for damaged packs.
const MAX_UNPACKED_BYTES: u32 = 64 << 20;
const MAX_KERNELS: u32 = 64;
/// `struct btf_header`.
const HEADER_BYTES: usize = 24;

/// Why a pack cannot be written or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// A type that the coding has no columns for.
    #[error("type {id}: {what}")]
    Unsupported {
        /// The type's id.
        id: u32,
        /// What it is.
        what: &'static str,
    },
    /// No pack, or not one of this version.
    #[error("not a pack of kernel types")]
    BadMagic,
    /// A pack that contradicts itself.
    #[error("damaged pack: {what}")]
    Damaged {
        /// What makes no sense.
        what: &'static str,
    },
    /// What was unpacked is no BTF.
    #[error("damaged pack: {0}")]
    Btf(#[from] BtfError),
}

/// A block of bytes, packed.
pub(crate) struct Block {
    n_bytes: u32,
    packed: Vec<u8>,
}

/// Packs `bytes`.
pub(crate) fn block(bytes: &[u8], compress: &mut impl FnMut(&[u8]) -> Vec<u8>) -> Block {
    Block { n_bytes: bytes.len() as u32, packed: compress(bytes) }
}

/// A kernel as the writer has it.
pub(crate) struct KernelRecord {
    pub version: KernelVersion,
    pub release: String,
    pub n_string_blocks: u32,
    pub n_names: u32,
    pub types_bytes: u32,
    pub lengths: [u32; N_COLUMNS],
    pub block: Block,
}

/// The file.
pub(crate) fn write(strings: &[Block], kernels: &[KernelRecord]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    let word = |out: &mut Vec<u8>, word: u32| out.extend(word.to_le_bytes());
    let place = |block: &Block| [block.n_bytes, block.packed.len() as u32];
    word(&mut out, strings.len() as u32);
    strings.iter().flat_map(place).for_each(|number| word(&mut out, number));
    word(&mut out, kernels.len() as u32);
    for kernel in kernels {
        let version = [kernel.version.major.into(), kernel.version.minor.into()];
        let sizes = [kernel.n_string_blocks, kernel.n_names, kernel.types_bytes];
        let numbers = version.into_iter().chain(sizes).chain(kernel.lengths);
        numbers.chain(place(&kernel.block)).for_each(|number| word(&mut out, number));
        word(&mut out, kernel.release.len() as u32);
        out.extend(kernel.release.as_bytes());
    }
    strings.iter().for_each(|block| out.extend(&block.packed));
    kernels.iter().for_each(|kernel| out.extend(&kernel.block.packed));
    out
}

/// A packed kernel.
#[derive(Clone, Debug)]
pub struct PackedKernel<'a> {
    /// Its version.
    pub version: KernelVersion,
    /// Its full name, `uname -r`.
    pub release: &'a str,
    n_string_blocks: usize,
    n_names: u32,
    types_bytes: u32,
    lengths: [u32; N_COLUMNS],
    columns: Packed<'a>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Packed<'a> {
    n_bytes: u32,
    bytes: &'a [u8],
}

impl Packed<'_> {
    fn unpack(&self, to: &mut [u8]) -> Result<(), PackError> {
        let mut stream = Decompress::new(false);
        match stream.decompress(self.bytes, to, FlushDecompress::Finish) {
            Ok(Status::StreamEnd) if stream.total_out() == to.len() as u64 => Ok(()),
            _ => Err(PackError::Damaged { what: "a block does not unpack" }),
        }
    }
}

/// Kernels in a file.
#[derive(Clone, Debug)]
pub struct Pack<'a> {
    strings: Vec<Packed<'a>>,
    kernels: Vec<PackedKernel<'a>>,
}

impl<'a> Pack<'a> {
    /// Reads the table of contents.
    ///
    /// # Errors
    /// [`PackError`]
    pub fn open(bytes: &'a [u8]) -> Result<Pack<'a>, PackError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(PackError::BadMagic)?;
        let mut table = Table { rest };
        let n_strings = table.count()?;
        let strings: Vec<[u32; 2]> =
            (0..n_strings).map(|_| table.sizes()).collect::<Result<_, _>>()?;
        let n_kernels = table.count()?;
        let mut kernels = Vec::new();
        let mut column_sizes = Vec::new();
        for _ in 0..n_kernels {
            let kernel = table.kernel(strings.len())?;
            column_sizes.push(table.sizes()?);
            let release = table.text()?;
            kernels.push(PackedKernel { release, ..kernel });
        }
        let strings = strings.into_iter().map(|sizes| table.packed(sizes));
        let strings = strings.collect::<Result<_, _>>()?;
        for (kernel, sizes) in kernels.iter_mut().zip(column_sizes) {
            kernel.columns = table.packed(sizes)?;
        }
        Ok(Pack { strings, kernels })
    }

    /// The kernels, oldest first.
    pub fn kernels(&self) -> &[PackedKernel<'a>] {
        &self.kernels
    }

    /// The types of the kernel with this index.
    ///
    /// # Errors
    /// [`PackError`] if the pack is damaged.
    ///
    /// # Panics
    /// If there is no such kernel.
    pub fn btf(&self, idx: usize) -> Result<Btf, PackError> {
        let kernel = &self.kernels[idx];
        let strings = &self.strings[..kernel.n_string_blocks];
        let n_string_bytes: usize = strings.iter().map(|block| block.n_bytes as usize).sum();
        let n_type_bytes = kernel.types_bytes as usize;
        let mut blob = vec![0; HEADER_BYTES + n_type_bytes + n_string_bytes];
        blob[..HEADER_BYTES].copy_from_slice(&header(n_type_bytes as u32, n_string_bytes as u32));
        let (types, text) = blob[HEADER_BYTES..].split_at_mut(n_type_bytes);
        let mut rest = &mut *text;
        for block in strings {
            let (place, after) = rest.split_at_mut(block.n_bytes as usize);
            block.unpack(place)?;
            rest = after;
        }
        let offsets = offsets(text, kernel.n_names);
        let mut columns = vec![0; kernel.columns.n_bytes as usize];
        kernel.columns.unpack(&mut columns)?;
        let columns = ColumnReader::new(&kernel.lengths, &columns);
        let decoded = columns.and_then(|mut columns| decode::types(&mut columns, &offsets, types));
        decoded.ok_or(damaged("columns"))?;
        Ok(Btf::trust(blob)?)
    }
}

/// Where each name begins; the empty one first.
fn offsets(text: &[u8], n_names: u32) -> Vec<u32> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let n_wanted = n_names as usize + 1;
    let mut offsets = Vec::with_capacity(n_wanted + 8);
    offsets.push(0);
    let (words, tail) = text.as_chunks::<8>();
    for (idx, word) in words.iter().enumerate() {
        if offsets.len() >= n_wanted {
            break;
        }
        let word = u64::from_le_bytes(*word);
        // Bit 7 of each byte that is 0, of no other.
        let mut zeros = !((word & !(ONES << 7)).wrapping_add(!(ONES << 7)) | word | !(ONES << 7));
        while zeros != 0 {
            offsets.push(idx as u32 * 8 + zeros.trailing_zeros() / 8 + 1);
            zeros &= zeros - 1;
        }
    }
    let ends = tail.iter().enumerate().filter(|(_, byte)| **byte == 0);
    offsets.extend(ends.map(|(at, _)| (words.len() * 8 + at) as u32 + 1));
    offsets.truncate(n_wanted);
    offsets
}

/// `struct btf_header` in front of types and strings.
fn header(n_type_bytes: u32, n_string_bytes: u32) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..4].copy_from_slice(&[0x9f, 0xeb, 1, 0]);
    let words = [HEADER_BYTES as u32, 0, n_type_bytes, n_type_bytes, n_string_bytes];
    for (place, word) in header[4..].chunks_exact_mut(4).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    header
}

/// The part of a pack that was not read yet.
struct Table<'a> {
    rest: &'a [u8],
}

impl<'a> Table<'a> {
    fn bytes(&mut self, n_bytes: u32) -> Result<&'a [u8], PackError> {
        let split = self.rest.split_at_checked(n_bytes as usize);
        let (bytes, rest) = split.ok_or(PackError::Damaged { what: "it is cut off" })?;
        self.rest = rest;
        Ok(bytes)
    }

    fn word(&mut self) -> Result<u32, PackError> {
        let bytes = self.bytes(4)?;
        Ok(u32::from_le_bytes(bytes.try_into().expect("four bytes")))
    }

    fn count(&mut self) -> Result<u32, PackError> {
        let what = "too many kernels";
        self.word().and_then(|n| if n <= MAX_KERNELS { Ok(n) } else { Err(damaged(what)) })
    }

    fn size(&mut self) -> Result<u32, PackError> {
        let what = "too long";
        self.word().and_then(|n| if n <= MAX_UNPACKED_BYTES { Ok(n) } else { Err(damaged(what)) })
    }

    /// Lengths of a block, unpacked and packed.
    fn sizes(&mut self) -> Result<[u32; 2], PackError> {
        Ok([self.size()?, self.size()?])
    }

    fn packed(&mut self, [n_bytes, n_packed]: [u32; 2]) -> Result<Packed<'a>, PackError> {
        Ok(Packed { n_bytes, bytes: self.bytes(n_packed)? })
    }

    fn text(&mut self) -> Result<&'a str, PackError> {
        let length = self.size()?;
        std::str::from_utf8(self.bytes(length)?).map_err(|_| damaged("a name is no text"))
    }

    fn kernel(&mut self, n_blocks: usize) -> Result<PackedKernel<'a>, PackError> {
        let part = |number: u32| u16::try_from(number).map_err(|_| damaged("a version"));
        let version = KernelVersion::new(part(self.word()?)?, part(self.word()?)?);
        let n_string_blocks = self.word()? as usize;
        if n_string_blocks > n_blocks {
            return Err(damaged("more strings than there are"));
        }
        let (n_names, types_bytes) = (self.size()?, self.size()?);
        let mut lengths = [0; N_COLUMNS];
        for length in &mut lengths {
            *length = self.size()?;
        }
        let columns = Packed::default();
        let release = "";
        Ok(PackedKernel {
            version,
            release,
            n_string_blocks,
            n_names,
            types_bytes,
            lengths,
            columns,
        })
    }
}

fn damaged(what: &'static str) -> PackError {
    PackError::Damaged { what }
}
