//! Numbers as bytes, in the byte order of the target.

use bpfc_btf::Endian;

/// The unsigned number that `bytes` are, at most 16 of them.
pub fn number(endian: Endian, bytes: &[u8]) -> i128 {
    let mut wide = [0; 16];
    match endian {
        Endian::Little => {
            wide[..bytes.len()].copy_from_slice(bytes);
            i128::from_le_bytes(wide)
        }
        Endian::Big => {
            wide[16 - bytes.len()..].copy_from_slice(bytes);
            i128::from_be_bytes(wide)
        }
    }
}

/// The low `n_bytes` bytes of a number, at most 16.
pub fn of_number(endian: Endian, number: i128, n_bytes: usize) -> Vec<u8> {
    match endian {
        Endian::Little => number.to_le_bytes()[..n_bytes].to_vec(),
        Endian::Big => number.to_be_bytes()[16 - n_bytes..].to_vec(),
    }
}
