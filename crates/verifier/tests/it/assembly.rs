//! Assembly files as objects: `;@` lines name the section, maps and license, labels that are called
//! start functions.

use bpfc_base::{FileId, Idx, Session, Span};
use bpfc_isa::{Callee, Insn, Symbols, Wide, assemble};
use bpfc_kabi::{MapType, helper};
use bpfc_object::{FuncId, Function, Line, Linkage, Map, MapId, ObjInsn, Object, Reloc};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An assembled file.
pub struct Assembled {
    pub object: Object,
    pub session: Session,
    pub file: FileId,
}

/// `name type key_bytes value_bytes max_entries [flags]`
pub fn map(definition: &str) -> Map {
    let words: Vec<&str> = definition.split_whitespace().collect();
    let number = |idx: usize| words.get(idx).map_or(0, |word| word.parse().expect("a number"));
    Map {
        name: words[0].to_owned(),
        map_type: MapType::from_name(&format!("BPF_MAP_TYPE_{}", words[1].to_uppercase()))
            .unwrap_or_else(|| panic!("no map type {}", words[1]))
            .number(),
        key_size_bytes: number(2),
        value_size_bytes: number(3),
        max_entries: number(4),
        map_flags: number(5),
        ..Map::default()
    }
}

struct Names<'a>(&'a [Map]);

impl Symbols for Names<'_> {
    fn callee(&self, name: &str) -> Option<Callee> {
        helper(name).map(|helper| Callee::Helper(helper.id))
    }

    fn wide(&self, name: &str) -> Option<Wide> {
        let idx = self.0.iter().position(|map| map.name == name)?;
        Some(Wide::MapFd(idx as i32))
    }
}

/// Assembles `text`; the program goes to `section`.
pub fn object(name: &str, text: &str, section: &str, maps: Vec<Map>) -> Result<Assembled, String> {
    let assembly = assemble(text, &Names(&maps)).map_err(|errors| {
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        errors.join("\n")
    })?;
    let mut session = Session::default();
    let file = session.sources.add(name, text, true).expect("a small file");
    let sources = &session.sources;
    let slots = bpfc_isa::SlotMap::new(&assembly.insns);
    let mut starts = BTreeMap::from([(0, "prog".to_owned())]);
    for (idx, insn) in (0..).zip(&assembly.insns) {
        if insn.function_offset().is_some()
            && let Some(target) = slots.target(idx, insn)
        {
            let label = assembly.labels.iter().find(|(_, at)| **at == target);
            starts.insert(target, label.map_or("f".to_owned(), |(name, _)| name.clone()));
        }
    }
    let bounds: Vec<u32> = starts.keys().copied().chain([assembly.insns.len() as u32]).collect();
    let func_at =
        |start: u32| FuncId::new(starts.keys().position(|&s| s == start).expect("a start"));
    let line_span = |line: u32| {
        let file = sources.file(file);
        let start = file.line_starts()[line as usize - 1];
        let code = file.line_text(line).split(';').next().unwrap_or("").trim_end();
        let indent = code.len() - code.trim_start().len();
        let lo = file.start + start + indent as u32;
        Span::new(lo, file.start + start + code.len() as u32)
    };
    let mut object =
        Object { license: Some("GPL".to_owned()), maps: maps.clone().into(), ..Object::default() };
    for (number, (start, func_name)) in starts.iter().enumerate() {
        let insns = (*start..bounds[number + 1]).map(|idx| {
            let insn = assembly.insns[idx as usize];
            let target = slots.target(idx, &insn);
            let mut result = match insn {
                Insn::LoadImm64 { dst, value: Wide::MapFd(map) } => {
                    ObjInsn::load_address(dst, Reloc::Map(MapId::new(map as usize)))
                }
                Insn::LoadImm64 { dst, value: Wide::Func { .. } } => ObjInsn::load_address(
                    dst,
                    Reloc::FuncAddr(func_at(target.expect("a function"))),
                ),
                Insn::Call(Callee::Local { .. }) => {
                    ObjInsn::call(Reloc::Call(func_at(target.expect("a function"))))
                }
                insn => ObjInsn::new(insn),
            };
            let line = assembly.lines[idx as usize];
            result.span = line_span(line);
            result.line = Some(Arc::new(Line {
                file: name.into(),
                line,
                column: 1,
                text: sources.text(result.span).into(),
            }));
            result
        });
        object.functions.push(Function {
            name: func_name.clone(),
            section: if number == 0 { section } else { ".text" }.to_owned(),
            linkage: if number == 0 { Linkage::Global } else { Linkage::Static },
            insns: insns.collect(),
            ..Function::default()
        });
    }
    Ok(Assembled { object, session, file })
}
