//! Inputs as bytes: sources, objects, BTF.

use bpfc_base::{Diagnostic, FileId, Session, Span, codes};
use bpfc_btf::{Btf, BtfError, Bytes as BtfBytes};
use bpfc_object::{Object, UsdtNote};

/// Share of bytes that may be no text before a file counts as binary: one in so many.
const BINARY_SHARE: usize = 64;

/// Adds a source text to `session`. What is no text at all is reported, and `None` is
/// returned; single bytes that are not UTF-8 are replaced and reported where they stand.
pub fn add_source(session: &mut Session, name: &str, bytes: &[u8]) -> Option<FileId> {
    if let Some(kind) = binary_kind(bytes) {
        let message = format!("`{name}` is {kind}, not a C program");
        session.report(Diagnostic::without_span(codes::lex::E0113, message));
        return None;
    }
    let text = String::from_utf8_lossy(bytes);
    let Ok(file) = session.sources.add(name, text.as_ref(), true) else {
        let message = format!("`{name}` is too long");
        session.report(Diagnostic::without_span(codes::lex::E0114, message));
        return None;
    };
    if let Err(error) = std::str::from_utf8(bytes) {
        let at = session.sources.file(file).start + error.valid_up_to() as u32;
        let replacement = char::REPLACEMENT_CHARACTER.len_utf8() as u32;
        let message = "this byte is not UTF-8";
        session.report(Diagnostic::new(
            codes::lex::E0113,
            Span::new(at, at + replacement),
            message,
        ));
        return None;
    }
    Some(file)
}

fn binary_kind(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"\x7fELF") {
        return Some("an ELF file");
    }
    let is_odd = |b: &u8| matches!(b, 0..=8 | 14..=31 | 127);
    let n_odd = bytes.iter().filter(|b| is_odd(b)).count();
    (bytes.contains(&0) && n_odd * BINARY_SHARE > bytes.len()).then_some("a binary file")
}

/// Reads an ELF object; `name` is for messages.
///
/// # Errors
/// A diagnostic that says what is wrong with the file.
pub fn read_object(name: &str, bytes: &[u8]) -> Result<Object, Diagnostic> {
    bpfc_object::read(bytes).map_err(|error| {
        let message = format!("`{name}` cannot be read as a BPF object: {error}");
        Diagnostic::without_span(error.code(), message)
    })
}

/// The USDT probes of a program or library; `name` is for messages.
///
/// # Errors
/// A diagnostic that says what is wrong with the file.
pub fn usdt_notes(name: &str, bytes: &[u8]) -> Result<Vec<UsdtNote>, Diagnostic> {
    bpfc_object::usdt_notes(bytes).map_err(|error| {
        let message = format!("`{name}` cannot be read for its USDT probes: {error}");
        Diagnostic::without_span(error.code(), message)
    })
}

/// Reads a BTF blob: `/sys/kernel/btf/vmlinux`, or the `.BTF` section of an ELF file.
///
/// # Errors
/// What is wrong with it.
pub fn parse_btf(bytes: impl Into<BtfBytes>) -> Result<Btf, BtfError> {
    Btf::parse(bytes)
}

/// The bytes of `object` as an ELF file. `None` if it cannot be written; why is in `session`.
pub fn write_object(session: &mut Session, object: &Object) -> Option<Vec<u8>> {
    match bpfc_object::write(object) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            let message = format!("the object cannot be written: {error}");
            session.report(Diagnostic::without_span(codes::object::E0804, message));
            None
        }
    }
}
