//! Streams of bytes with numbers of variable length, one for each kind of fact, so that like stands beside like.

/// What a stream holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Column {
    /// Kind and `kind_flag` of each type, a byte.
    Kind,
    /// Number of elements, or linkage of a function.
    Vlen,
    /// Name of each type.
    Name,
    /// The type that a type refers to.
    Target,
    /// Size, where a type refers to none.
    Size,
    /// Names of members, enumerators and parameters.
    ElementName,
    /// Types of members, parameters, array elements and variables of sections.
    ElementType,
    /// Offsets of members.
    Offset,
    /// Values of enumerators.
    Value,
    /// Everything else.
    Extra,
}

/// How many there are.
pub(crate) const N_COLUMNS: usize = Column::Extra as usize + 1;

/// The sign goes into the lowest bit, so that small numbers of both signs are short.
pub(crate) fn fold_sign(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

/// The inverse of [`fold_sign`].
pub(crate) fn unfold_sign(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

/// Columns being written.
#[derive(Debug, Default)]
pub(crate) struct ColumnWriter {
    streams: [Vec<u8>; N_COLUMNS],
}

impl ColumnWriter {
    /// Appends one byte.
    pub fn byte(&mut self, column: Column, byte: u8) {
        self.streams[column as usize].push(byte);
    }

    /// Appends a number, seven bits a byte, the lowest first.
    pub fn number(&mut self, column: Column, mut number: u64) {
        let stream = &mut self.streams[column as usize];
        while number >= 0x80 {
            stream.push(number as u8 | 0x80);
            number >>= 7;
        }
        stream.push(number as u8);
    }

    /// Appends a number with a sign.
    pub fn signed(&mut self, column: Column, number: i64) {
        self.number(column, fold_sign(number));
    }

    /// The length of each stream, and all of them.
    pub fn finish(self) -> ([u32; N_COLUMNS], Vec<u8>) {
        let lengths = self.streams.each_ref().map(|stream| stream.len() as u32);
        (lengths, self.streams.concat())
    }
}

/// Columns being read. Reading past the end gives zeros and is remembered.
#[derive(Debug)]
pub(crate) struct ColumnReader<'a> {
    streams: [&'a [u8]; N_COLUMNS],
    is_exhausted: bool,
}

impl<'a> ColumnReader<'a> {
    /// Takes `bytes` apart; `None` if they are shorter than the lengths say.
    pub fn new(lengths: &[u32; N_COLUMNS], bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        let mut streams = [&bytes[..0]; N_COLUMNS];
        for (stream, length) in streams.iter_mut().zip(lengths) {
            (*stream, rest) = rest.split_at_checked(*length as usize)?;
        }
        Some(Self { streams, is_exhausted: false })
    }

    /// The next byte.
    #[inline]
    pub fn byte(&mut self, column: Column) -> u8 {
        let stream = &mut self.streams[column as usize];
        match stream.split_first() {
            Some((first, rest)) => {
                *stream = rest;
                *first
            }
            None => {
                self.is_exhausted = true;
                0
            }
        }
    }

    /// The next number.
    #[inline]
    pub fn number(&mut self, column: Column) -> u64 {
        let first = self.byte(column);
        if first < 0x80 {
            return first.into();
        }
        let mut number = u64::from(first & 0x7f);
        for shift in (7..64).step_by(7) {
            let byte = self.byte(column);
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        number
    }

    /// The next number with a sign.
    #[inline]
    pub fn signed(&mut self, column: Column) -> i64 {
        unfold_sign(self.number(column))
    }

    /// Whether every read was inside, so far.
    pub fn is_sound(&self) -> bool {
        !self.is_exhausted
    }
}
