//! What the programs of an object need in the kernel: types, maps, data. Programs are loaded behind it, all at once
//! ([`super::load`]) or one by one, as what their owner decides.

use super::kind::ProgKind;
use super::types::{self, KernelTypes};
use super::{
    LoadOptions, create_data, create_maps, externs, kconfig_map, local_types, patch, program,
    shared,
};
use crate::LoadError;
use crate::kernel::Kernel;
use crate::map::Map;
use crate::program::Program;
use bpfc_base::IndexVec;
use bpfc_btf::Btf;
use bpfc_object::{CoreTarget, DataId, ExternId, FuncId, Linked, MapId, Object, link};

/// Types, maps and data of an object in the kernel.
///
/// ```no_run
/// # fn main() -> Result<(), bpfc_loader::LoadError> {
/// # let object = bpfc_object::Object::default();
/// use bpfc_loader::{Kernel, LoadOptions, Prepared, ProgKind};
///
/// let kernel = Kernel::new();
/// let options = LoadOptions::default();
/// let mut prepared = Prepared::all(&object, &kernel, &options)?;
/// for (func, function) in object.programs() {
///     let kind = ProgKind::of(function).expect("a section that says what it is");
///     let program = prepared.load(&object, &kernel, func, kind, &options)?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Prepared {
    pub(super) maps: IndexVec<MapId, Map>,
    pub(super) data: IndexVec<DataId, Option<Map>>,
    pub(super) types: KernelTypes,
    /// The object's types as the CO-RE matcher reads them.
    pub(super) local: Option<Btf>,
    kconfig: Option<Map>,
    externs: IndexVec<ExternId, externs::Resolved>,
    pins: shared::Pins,
}

/// A program to be loaded.
pub(super) struct Order<'a> {
    pub linked: Linked,
    pub kind: ProgKind,
    pub options: &'a LoadOptions,
    /// Of a struct of operations: the kernel's struct, and the member.
    pub operation: Option<(u32, u32)>,
}

impl Prepared {
    /// For any of the object's programs. What is pinned by name stays pinned from here on.
    ///
    /// # Errors
    /// [`LoadError`]; what was made before is given back.
    pub fn all(
        object: &Object,
        kernel: &Kernel,
        options: &LoadOptions,
    ) -> Result<Prepared, LoadError> {
        // One that cannot be linked is reported when it is wanted.
        let linked: Vec<Linked> =
            object.programs().filter_map(|(id, _)| link(object, id).ok()).collect();
        let mut prepared = Prepared::new(object, kernel, options, &linked)?;
        prepared.keep();
        Ok(prepared)
    }

    /// For the programs `linked`.
    pub(super) fn new(
        object: &Object,
        kernel: &Kernel,
        options: &LoadOptions,
        linked: &[Linked],
    ) -> Result<Prepared, LoadError> {
        super::check_endian(object)?;
        let local = local_types(object)?;
        let types = types::load(object, linked);
        let (externs, kconfig) = externs::resolve(object, local.as_ref(), kernel)?;
        let kconfig = kconfig_map(kconfig, kernel)?;
        let mut pins = shared::Pins::default();
        let maps = create_maps(object, kernel, options, &types, &mut pins)?;
        let data = create_data(object, kernel, &types, linked)?;
        Ok(Prepared { maps, data, types, local, kconfig, externs, pins })
    }

    /// Pins that were made stay.
    pub(super) fn keep(&mut self) {
        self.pins.keep();
    }

    /// Its maps.
    pub fn maps(&self) -> &IndexVec<MapId, Map> {
        &self.maps
    }

    /// Its data sections as maps; `None` for empty ones.
    pub fn data(&self) -> &IndexVec<DataId, Option<Map>> {
        &self.data
    }

    /// Loads one program as `kind`. Of `options`, what is about programs counts.
    ///
    /// Requires: the object is the one that this was made for.
    ///
    /// # Errors
    /// [`LoadError`]: what the kernel says.
    pub fn load(
        &mut self,
        object: &Object,
        kernel: &Kernel,
        func: FuncId,
        kind: ProgKind,
        options: &LoadOptions,
    ) -> Result<Program, LoadError> {
        let order = Order { linked: link(object, func)?, kind, options, operation: None };
        let local = self.local.take();
        let mut target = local.as_ref().and_then(|local| target(local, kernel));
        let outcome = self.load_one(object, kernel, order, target.as_mut());
        self.local = local;
        outcome
    }

    pub(super) fn load_one(
        &mut self,
        object: &Object,
        kernel: &Kernel,
        order: Order<'_>,
        target: Option<&mut CoreTarget<'_>>,
    ) -> Result<Program, LoadError> {
        let environment = patch::Environment {
            object,
            maps: &self.maps,
            data: &self.data,
            kconfig: self.kconfig.as_ref(),
            externs: &self.externs,
        };
        let mut kind = order.kind;
        kind.attach_type = crate::attach::understood(kernel, kind.attach_type);
        let image = patch::image(order.linked, &environment, target)?;
        let request = program::Request {
            object,
            linked: &image.linked,
            kind: &kind,
            bytes: &image.bytes,
            poisoned: &image.poisoned,
            log: order.options.log,
            prog_flags: order.options.prog_flags,
            operation: order.operation,
        };
        program::load(&request, &mut self.types, kernel)
    }
}

/// The kernel's types, and those of its modules, for `local` to be matched with.
pub(super) fn target<'a>(local: &'a Btf, kernel: &'a Kernel) -> Option<CoreTarget<'a>> {
    let vmlinux = kernel.btf()?;
    let modules = kernel.modules().iter().map(|(_, module)| module);
    Some(CoreTarget::new(local, std::iter::once(&**vmlinux).chain(modules).collect()))
}
