//! Identifiers of the languages.

use std::collections::HashSet;

/// Longest name of an object, as libbpf stores it (`BPF_OBJ_NAME_LEN` is another, shorter limit).
const MAX_OBJECT_NAME_BYTES: usize = 63;

/// A name for the object in the file `file`: without folders, `.o` or `.c`, and with `_` for what no identifier has.
/// `tools/my-prog.bpf.o` gives `my_prog_bpf`.
pub fn object_name(file: &str) -> String {
    let name = file.rsplit('/').next().unwrap_or(file);
    let stem = [".o", ".c"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
    let mut name = identifier(stem);
    name.truncate(MAX_OBJECT_NAME_BYTES);
    name
}

/// `text` with `_` for every byte that ASCII identifiers cannot have.
pub(crate) fn identifier(text: &str) -> String {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let mut name: String =
        text.bytes().map(|byte| if is_fine(byte) { char::from(byte) } else { '_' }).collect();
    if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
        name.insert(0, '_');
    }
    name
}

/// Names in use in one scope.
#[derive(Debug, Default)]
pub(crate) struct Scope(HashSet<String>);

impl Scope {
    /// `wanted`, or that with the first free number behind it.
    pub(crate) fn unique(&mut self, wanted: String) -> String {
        let mut name = wanted.clone();
        let mut number = 2;
        while !self.0.insert(name.clone()) {
            name = format!("{wanted}_{number}");
            number += 1;
        }
        name
    }

    /// Takes names that something else has.
    pub(crate) fn reserve(&mut self, names: &[&str]) {
        self.0.extend(names.iter().map(|name| (*name).to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_named_by_their_files() {
        assert_eq!(object_name("a/my-prog.bpf.o"), "my_prog_bpf");
        assert_eq!(object_name("prog.bpf.c"), "prog_bpf");
        assert_eq!(object_name("1.o"), "_1");
        assert_eq!(object_name("-"), "_");
    }
}
