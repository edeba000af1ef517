//! Memory as separate objects, far from each other.

use super::Fault;
use crate::ir::Width;

/// All objects. Object `n` starts at `(n + 1) << 32`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    objects: Vec<Vec<u8>>,
}

impl Memory {
    /// A new object; its address.
    pub fn allocate(&mut self, content: Vec<u8>) -> u64 {
        self.objects.push(content);
        (self.objects.len() as u64) << 32
    }

    /// Number of objects.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// True if there is no object.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// Drops every object from `len` on.
    pub fn truncate(&mut self, len: usize) {
        self.objects.truncate(len);
    }

    /// `n_bytes` at `address`.
    pub fn read(&self, address: u64, n_bytes: u32) -> Result<&[u8], Fault> {
        let fault = Fault::OutOfBounds { address, n_bytes };
        let (object, range) = locate(address, n_bytes).ok_or(fault.clone())?;
        self.objects.get(object).and_then(|bytes| bytes.get(range)).ok_or(fault)
    }

    /// Writes `bytes` at `address`.
    pub fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Fault> {
        let n_bytes = bytes.len() as u32;
        let fault = Fault::OutOfBounds { address, n_bytes };
        let (object, range) = locate(address, n_bytes).ok_or(fault.clone())?;
        let object = self.objects.get_mut(object);
        let target = object.and_then(|bytes| bytes.get_mut(range)).ok_or(fault)?;
        target.copy_from_slice(bytes);
        Ok(())
    }

    /// A little-endian integer, zero-extended.
    pub fn load(&self, address: u64, width: Width) -> Result<u64, Fault> {
        let mut word = [0; 8];
        let bytes = self.read(address, width.bytes())?;
        word[..bytes.len()].copy_from_slice(bytes);
        Ok(u64::from_le_bytes(word))
    }

    /// The low bits of `value`, little-endian.
    pub fn store(&mut self, address: u64, width: Width, value: u64) -> Result<(), Fault> {
        self.write(address, &value.to_le_bytes()[..width.bytes() as usize])
    }
}

fn locate(address: u64, n_bytes: u32) -> Option<(usize, std::ops::Range<usize>)> {
    let object = usize::try_from(address >> 32).ok()?.checked_sub(1)?;
    let start = (address & 0xffff_ffff) as usize;
    Some((object, start..start + n_bytes as usize))
}
