//! From the image that a boot loader starts to the ELF file inside.
//!
//! Source: `Documentation/arch/x86/boot.rst` (6.12): the setup header of a bzImage says where the payload is.

use super::{Result, pipe};

/// `setup_sects`: sectors of real-mode code, the boot sector not counted.
const SETUP_SECTORS: usize = 0x1f1;
/// `HdrS`
const MAGIC: usize = 0x202;
/// `payload_offset` and `payload_length` (boot protocol 2.08).
const PAYLOAD_OFFSET: usize = 0x248;
const PAYLOAD_LENGTH: usize = 0x24c;
const SECTOR_BYTES: usize = 512;

/// First bytes of a payload and what unpacks it.
const FORMATS: [(&[u8], &str, &[&str]); 4] = [
    (b"\xfd7zXZ\0", "xz", &["-dc", "--single-stream"]),
    (b"\x28\xb5\x2f\xfd", "zstd", &["-dcq"]),
    (b"\x1f\x8b\x08", "gzip", &["-dcq"]),
    (b"\x02\x21\x4c\x18", "lz4", &["-dcq"]),
];

/// The `vmlinux` in a bzImage.
pub fn unpack(image: &[u8]) -> Result<Vec<u8>> {
    if image.get(MAGIC..MAGIC + 4) != Some(b"HdrS") {
        return Err("no bzImage".into());
    }
    let word = |at: usize| -> Result<usize> {
        let bytes = image.get(at..at + 4).ok_or("an image that is cut off")?;
        Ok(u32::from_le_bytes(bytes.try_into()?) as usize)
    };
    let sectors = match image[SETUP_SECTORS] {
        0 => 4,
        sectors => usize::from(sectors),
    };
    let start = (sectors + 1) * SECTOR_BYTES + word(PAYLOAD_OFFSET)?;
    // The last word is the unpacked size.
    let length = word(PAYLOAD_LENGTH)?.saturating_sub(4);
    let payload = image.get(start..start + length).ok_or("an image that is cut off")?;
    let format = FORMATS.iter().find(|(magic, ..)| payload.starts_with(magic));
    let (_, program, args) = format.ok_or("an image packed in a way that is not known")?;
    let vmlinux = pipe(program, args, payload)?;
    if !vmlinux.starts_with(b"\x7fELF") {
        return Err("the image holds no ELF file".into());
    }
    Ok(vmlinux)
}
