//! What scenarios name: programs, maps, variables, and parts of what they hold.

use crate::values::{self, Part};
use bpfc_base::similar::most_similar;
use bpfc_btf::{Btf, TypeId};
use bpfc_object::{DataId, DataKind, FuncId, MapId, Object, Variable};
use bpfc_testkit::{Access, Step, StepKind, Value};

/// The names of an object.
pub struct Names<'a> {
    pub object: &'a Object,
    pub btf: Btf,
}

/// Bytes for a part of a data section.
pub struct Assignment {
    pub section: DataId,
    pub offset: usize,
    pub bytes: Vec<u8>,
}

impl Names<'_> {
    /// The program of this name, or the only one.
    pub fn program(&self, name: Option<&str>) -> Result<FuncId, String> {
        let mut programs =
            self.object.programs().filter(|(_, function)| !crate::is_of_test(&function.section));
        let Some(name) = name else {
            return match (programs.next(), programs.next()) {
                (Some((id, _)), None) => Ok(id),
                _ => Err("`run` needs a name where there are several programs".into()),
            };
        };
        let names: Vec<(FuncId, &str)> =
            programs.map(|(id, function)| (id, function.name.as_str())).collect();
        let found = names.iter().find(|(_, known)| *known == name);
        found
            .map(|&(id, _)| id)
            .ok_or_else(|| unknown("program", name, names.iter().map(|&(_, name)| name)))
    }

    /// The map of this name.
    pub fn map_id(&self, name: &str) -> Result<MapId, String> {
        let names = self.object.maps.iter().map(|map| map.name.as_str());
        self.object.map(name).ok_or_else(|| unknown("map", name, names))
    }

    /// A map, the bytes of the key that `path` begins with, and the rest of the path.
    pub fn element<'p>(
        &self,
        name: &str,
        path: &'p [Access],
    ) -> Result<(MapId, Vec<u8>, &'p [Access]), String> {
        let id = self.map_id(name)?;
        let map = &self.object.maps[id];
        let Some((Access::Index(key), path)) = path.split_first() else {
            return Err("a map needs a key first".into());
        };
        let (key, _) =
            values::encode(&self.btf, map.key_type, Some(map.key_size_bytes as usize), key)?;
        Ok((id, key, path))
    }

    /// A global variable, and the section that it is in.
    pub fn find_variable(&self, name: &str) -> Result<(DataId, Variable), String> {
        for (id, section) in self.object.data.iter_enumerated() {
            let found = section.variables.iter().find(|variable| variable.name == name);
            if let Some(variable) = found {
                return Ok((id, variable.clone()));
            }
        }
        let all = self.object.data.iter().flat_map(|section| &section.variables);
        let names: Vec<&str> = all.map(|variable| variable.name.as_str()).collect();
        Err(unknown("variable", name, names.into_iter()))
    }

    /// A part of a variable.
    pub fn variable_part(&self, variable: &Variable, path: &[Access]) -> Result<Part, String> {
        let ty: Option<TypeId> = values::type_of_variable(&self.btf, variable.btf);
        values::part(&self.btf, ty, variable.size_bytes as usize, path)
    }

    /// What `set` does to a global variable.
    pub fn assignment(
        &self,
        name: &str,
        path: &[Access],
        value: &Value,
    ) -> Result<Assignment, String> {
        let (section, variable) = self.find_variable(name)?;
        let part = self.variable_part(&variable, path)?;
        let (bytes, _) = values::encode(&self.btf, part.ty, Some(part.size), value)?;
        Ok(Assignment { section, offset: variable.offset as usize + part.offset, bytes })
    }
}

/// The object with the constants that `steps` set, and the other steps: kernels freeze constants before they run programs.
///
/// # Errors
/// The line of a step that cannot be done, and why.
pub fn with_constants(
    object: &Object,
    steps: &[Step],
) -> Result<(Object, Vec<Step>), (u32, String)> {
    let btf = object.open_btf().map_err(|error| (0, error.to_string()))?;
    let names = Names { object, btf };
    let mut changed = object.clone();
    let mut rest = Vec::new();
    for step in steps {
        let constant = match &step.kind {
            StepKind::Set { name, path, value } if object.map(name).is_none() => {
                let assignment = names.assignment(name, path, value).map_err(|e| (step.line, e))?;
                let is_constant = object.data[assignment.section].kind == DataKind::ReadOnly;
                is_constant.then_some(assignment)
            }
            _ => None,
        };
        let Some(Assignment { section, offset, bytes }) = constant else {
            rest.push(step.clone());
            continue;
        };
        if rest.iter().any(|step| matches!(step.kind, StepKind::Run(_))) {
            return Err((step.line, "constants are set before the first run".to_owned()));
        }
        let mut content = changed.data[section].content();
        content[offset..offset + bytes.len()].copy_from_slice(&bytes);
        changed.data[section].bytes = content;
    }
    Ok((changed, rest))
}

/// That something is not there, and what has a similar name.
pub fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    match most_similar(name, known) {
        Some(similar) => format!("there is no {what} `{name}`; did you mean `{similar}`?"),
        None => format!("there is no {what} `{name}`"),
    }
}
