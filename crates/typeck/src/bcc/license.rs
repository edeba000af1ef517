//! The license: GPL, unless the program defines `BPF_LICENSE`.

use crate::checker::Checker;
use crate::hir::{Global, GlobalInit, GlobalKind, IntKind, Linkage, QualType};
use bpfc_base::Span;

impl Checker<'_> {
    /// Adds the object that holds the license, if there is none.
    pub(super) fn add_license(&mut self) {
        let section = self.session.intern("license");
        let mut globals = self.module.globals.iter();
        if globals.any(|global| global.section == Some(section)) {
            return;
        }
        let license = self.defined_license().unwrap_or("GPL".to_owned());
        let mut bytes = license.into_bytes();
        bytes.push(0);
        let elem = QualType::plain(self.int_type(IntKind::Char));
        let ty = self.array_of(elem, Some(bytes.len() as u64), Span::NONE);
        let name = self.session.intern("_license");
        self.module.globals.push(Global {
            name,
            ty: QualType::plain(ty),
            kind: GlobalKind::Data,
            linkage: Linkage::Global,
            init: GlobalInit::Data { bytes, relocs: Vec::new() },
            section: Some(section),
            align: 1,
            decl_tags: Vec::new(),
            span: Span::NONE,
        });
    }

    /// What the source defines `BPF_LICENSE` as. It is no expression (`Dual BSD/GPL`) and
    /// is used nowhere, so the directive itself is read.
    fn defined_license(&self) -> Option<String> {
        let files = self.session.sources.files();
        let lines = files.filter(|(_, file)| file.is_user).flat_map(|(_, file)| file.text.lines());
        lines.filter_map(license_of).last()
    }
}

/// The license that the line `#define BPF_LICENSE …` gives.
fn license_of(line: &str) -> Option<String> {
    let directive = line.trim_start().strip_prefix('#')?.trim_start();
    let macro_text = directive.strip_prefix("define")?.trim_start();
    let value = macro_text.strip_prefix("BPF_LICENSE")?;
    if !value.is_empty() && !value.starts_with([' ', '\t']) {
        return None;
    }
    let value = value.split("//").next().unwrap_or(value);
    let value = value.split("/*").next().unwrap_or(value);
    Some(value.trim().trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::license_of;

    #[test]
    fn reads_the_directive() {
        let found = |line| license_of(line);
        assert_eq!(found("#define BPF_LICENSE Dual BSD/GPL").as_deref(), Some("Dual BSD/GPL"));
        assert_eq!(found(" # define BPF_LICENSE\tGPL // free").as_deref(), Some("GPL"));
        assert_eq!(found("#define BPF_LICENSE").as_deref(), Some(""));
        assert_eq!(found("#define BPF_LICENSES GPL"), None);
        assert_eq!(found("BPF_LICENSE GPL"), None);
    }
}
