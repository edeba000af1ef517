//! Rust types that are the bytes of a key or a value.

/// A type whose values are bytes in a map, in the order of this machine: numbers, arrays of such, and what implements this.
///
/// ```
/// use bpfc::Plain;
///
/// /// `struct flow { __u32 address; __u16 port; };` has two bytes of padding.
/// struct Flow {
///     address: u32,
///     port: u16,
/// }
///
/// impl Plain for Flow {
///     const N_BYTES: usize = 8;
///
///     fn put(&self, bytes: &mut Vec<u8>) {
///         self.address.put(bytes);
///         self.port.put(bytes);
///         [0_u8; 2].put(bytes);
///     }
///
///     fn take(bytes: &[u8]) -> Flow {
///         Flow { address: u32::take(&bytes[..4]), port: u16::take(&bytes[4..6]) }
///     }
/// }
/// ```
pub trait Plain: Sized {
    /// Bytes of a value, padding included.
    const N_BYTES: usize;

    /// Appends [`Plain::N_BYTES`] bytes.
    fn put(&self, bytes: &mut Vec<u8>);

    /// From [`Plain::N_BYTES`] bytes.
    fn take(bytes: &[u8]) -> Self;
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Plain for $number {
            const N_BYTES: usize = size_of::<$number>();

            fn put(&self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_ne_bytes());
            }

            fn take(bytes: &[u8]) -> Self {
                let mut own = [0; size_of::<$number>()];
                own.copy_from_slice(bytes);
                <$number>::from_ne_bytes(own)
            }
        }
    )*};
}

numbers!(u8 u16 u32 u64 u128 i8 i16 i32 i64 i128);

impl<T: Plain, const N: usize> Plain for [T; N] {
    const N_BYTES: usize = T::N_BYTES * N;

    fn put(&self, bytes: &mut Vec<u8>) {
        self.iter().for_each(|element| element.put(bytes));
    }

    fn take(bytes: &[u8]) -> Self {
        std::array::from_fn(|idx| T::take(&bytes[idx * T::N_BYTES..(idx + 1) * T::N_BYTES]))
    }
}

/// The key of a queue or a stack.
impl Plain for () {
    const N_BYTES: usize = 0;

    fn put(&self, _: &mut Vec<u8>) {}

    fn take(_: &[u8]) {}
}
