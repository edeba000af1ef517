//! Static linking: several objects become one, as `bpftool gen object` does it.
//!
//! Input: objects with the names of their files. Output: one [`Object`] with the programs, data and
//! maps of all, in which what one declared leads to what another defines. What no one defines
//! stays an [`Extern`](crate::Extern). The rules are those of libbpf's linker (`src/linker.c`, libbpf 1.0):
//!
//! - sections of one name are put together, in the order of the files;
//! - a global name has one definition; a weak one yields to it, or else the first one counts;
//! - static functions and variables stay apart, whatever their names;
//! - declarations must agree with definitions in type, maps in their attributes;
//! - license and kernel version must agree where several files have them;
//! - types that say the same become one.

mod compatible;
mod error;
mod place;
mod rewrite;
mod symbols;
mod types;

pub use error::JoinError;

use crate::{DataId, ExternId, FuncId, MapId, Object};
use bpfc_base::IndexVec;
use bpfc_btf::BtfBuilder;
use std::collections::{BTreeMap, HashMap};
use symbols::Definition;

/// An object to be joined.
#[derive(Clone, Copy, Debug)]
pub struct JoinInput<'a> {
    /// The name of its file, for messages.
    pub name: &'a str,
    /// The object.
    pub object: &'a Object,
}

/// Joins objects, in this order. The result has no spans, but source lines.
///
/// # Errors
/// Everything that does not fit together.
pub fn join(inputs: &[JoinInput<'_>]) -> Result<Object, Vec<JoinError>> {
    let mut joiner = Joiner {
        inputs,
        names: inputs.iter().map(|input| input.name).collect(),
        objects: Vec::with_capacity(inputs.len()),
        types: BtfBuilder::new(),
        type_bases: Vec::new(),
        out: Object::default(),
        winners: BTreeMap::new(),
        places: inputs.iter().map(|_| Places::default()).collect(),
        function_files: IndexVec::new(),
        map_files: IndexVec::new(),
        sections: HashMap::new(),
        errors: Vec::new(),
    };
    joiner.constants(inputs);
    for (file, input) in inputs.iter().enumerate() {
        joiner.add_types(file, input.object);
    }
    joiner.choose_definitions();
    joiner.place_all();
    joiner.resolve_externs();
    // One report per mistake: uses of what contradicts itself do not fit either.
    if joiner.errors.is_empty() {
        joiner.rewrite_references();
    }
    if !joiner.errors.is_empty() {
        return Err(joiner.errors);
    }
    joiner.join_types();
    let mut object = joiner.out;
    object.group_by_section();
    Ok(object)
}

struct Joiner<'a> {
    inputs: &'a [JoinInput<'a>],
    /// The names of the files.
    names: Vec<&'a str>,
    /// The objects; ids of types are those of `types`.
    objects: Vec<Object>,
    /// The types of all objects, one after the other.
    types: BtfBuilder,
    /// How many types are in front of those of each object.
    type_bases: Vec<u32>,
    /// The result so far.
    out: Object,
    /// The definition of each global name, and all others by their files.
    winners: BTreeMap<String, Definition>,
    /// Where the parts of each object went.
    places: Vec<Places>,
    /// The file of each function of the result.
    function_files: IndexVec<FuncId, usize>,
    /// The file of each map of the result.
    map_files: IndexVec<MapId, usize>,
    /// Data sections of the result by name, with the file that brought each.
    sections: HashMap<String, (DataId, usize)>,
    errors: Vec<JoinError>,
}

/// Where the parts of one object went.
#[derive(Default)]
struct Places {
    functions: IndexVec<FuncId, FuncId>,
    /// A section and where in it the object's part begins.
    data: IndexVec<DataId, (DataId, u32)>,
    /// Variables that yielded to another definition: their section, start and end, and where the
    /// other definition is.
    replaced: Vec<(DataId, std::ops::Range<u32>, (DataId, u32))>,
    maps: IndexVec<MapId, MapId>,
    externs: IndexVec<ExternId, Target>,
}

/// What an extern turned out to be.
#[derive(Clone, Copy)]
enum Target {
    Func(FuncId),
    /// A variable: its section and offset there.
    Data(DataId, u32),
    Map(MapId),
    /// Still not defined, or the kernel's.
    Extern(ExternId),
}

impl Joiner<'_> {
    fn name(&self, file: usize) -> String {
        self.names[file].to_owned()
    }

    /// License, kernel version and byte order.
    fn constants(&mut self, inputs: &[JoinInput<'_>]) {
        let mut check = |what, values: Vec<(usize, String)>| {
            let Some((first, first_value)) = values.first().cloned() else { return };
            if let Some((second, second_value)) =
                values.into_iter().find(|(_, value)| *value != first_value)
            {
                let (first, second) = (inputs[first].name.into(), inputs[second].name.into());
                let error = JoinError::Constant { what, first_value, first, second_value, second };
                self.errors.push(error);
            }
        };
        let objects = || inputs.iter().map(|input| input.object).enumerate();
        let license = |object: &Object| object.license.as_ref().map(|text| format!("{text:?}"));
        check(
            "license",
            objects().filter_map(|(idx, object)| Some((idx, license(object)?))).collect(),
        );
        let version = |object: &Object| object.kernel_version.map(|version| version.to_string());
        check(
            "kernel version",
            objects().filter_map(|(idx, object)| Some((idx, version(object)?))).collect(),
        );
        let endian = |object: &Object| format!("{:?}", object.endian).to_lowercase();
        check("byte order", objects().map(|(idx, object)| (idx, endian(object))).collect());
        self.out.license = inputs.iter().find_map(|input| input.object.license.clone());
        self.out.kernel_version = inputs.iter().find_map(|input| input.object.kernel_version);
        self.out.endian = inputs.first().map_or(self.out.endian, |input| input.object.endian);
    }
}
