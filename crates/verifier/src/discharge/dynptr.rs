//! Dynptrs and iterators as arguments: `process_dynptr_func` and `process_iter_arg` (Linux 6.18 `kernel/bpf/verifier.c`).

use crate::fault::{DynptrFault, FaultKind, IteratorFault, KernelFault};
use crate::state::{Byte, DynptrType, Guard, Kind, StackObject, State, Value, place};
use bpfc_btf::TypeId;

/// Slots of the stack, the one with the lowest address first: it has the highest number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The frame.
    pub frame: u8,
    /// The number of the slot with the lowest address.
    pub slot: usize,
    /// How many slots there are.
    pub n_slots: usize,
}

impl Place {
    /// The slots that start where `value` points, if it points to that many whole slots.
    pub fn of(value: &Value, n_slots: usize) -> Option<Place> {
        let Kind::Stack { frame } = value.kind else {
            return None;
        };
        let off = value.fixed_offset()?;
        if off % 8 != 0 || !(-512..=-8).contains(&off) {
            return None;
        }
        let (slot, _) = place(off);
        (slot + 1 >= n_slots).then_some(Place { frame, slot, n_slots })
    }

    /// The numbers of the slots.
    pub fn slots(self) -> impl Iterator<Item = usize> {
        (0..self.n_slots).map(move |idx| self.slot - idx)
    }

    fn objects(self, state: &State) -> impl Iterator<Item = Option<StackObject>> {
        let frame = state.frames.get(usize::from(self.frame));
        self.slots().map(move |slot| frame?.stack.slots.get(slot)?.object)
    }
}

/// An initialised dynptr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dynptr {
    /// Where it is, if it is the program's.
    pub place: Option<Place>,
    /// What it leads to.
    pub ty: DynptrType,
    /// Its number.
    pub id: u32,
    /// The reference that it holds.
    pub ref_id: u32,
}

/// The initialised dynptr that is passed.
pub fn initialised(state: &State, value: &Value) -> Result<Dynptr, FaultKind> {
    let fault = |why| FaultKind::Kernel(KernelFault::Dynptr(why));
    if value.kind == Kind::Dynptr && value.fixed_offset() == Some(0) {
        return Ok(Dynptr { place: None, ty: DynptrType::Local, id: value.id, ref_id: 0 });
    }
    if !matches!(value.kind, Kind::Stack { .. }) {
        return Err(fault(DynptrFault::NotOnStack));
    }
    let missing = || fault(DynptrFault::NotInitialised);
    let place = Place::of(value, 2).ok_or_else(missing)?;
    let mut objects = place.objects(state);
    match (objects.next().flatten(), objects.next().flatten()) {
        (
            Some(StackObject::Dynptr { ty, is_first: true, id, ref_id }),
            Some(StackObject::Dynptr { is_first: false, .. }),
        ) => Ok(Dynptr { place: Some(place), ty, id, ref_id }),
        _ => Err(missing()),
    }
}

/// Where a dynptr is made.
pub fn uninitialised(state: &State, value: &Value) -> Result<Place, FaultKind> {
    let fault = |why| Err(FaultKind::Kernel(KernelFault::Dynptr(why)));
    if !matches!(value.kind, Kind::Stack { .. }) {
        return fault(DynptrFault::NotOnStack);
    }
    let Some(place) = Place::of(value, 2) else {
        return fault(DynptrFault::CannotInitialise);
    };
    match place.objects(state).flatten().any(|object| is_counted(&object)) {
        true => fault(DynptrFault::Overwritten),
        false => Ok(place),
    }
}

fn is_counted(object: &StackObject) -> bool {
    matches!(object, StackObject::Dynptr { ty, .. } if ty.is_counted())
}

/// Whether slots of the stack may be overwritten: a dynptr that holds a reference may not.
pub fn overwritten(state: &State, frame: u8, min: i64, end: i64) -> Result<(), FaultKind> {
    match touched(state, frame, min, end).any(|object| is_counted(&object)) {
        true => Err(FaultKind::Kernel(KernelFault::Dynptr(DynptrFault::Overwritten))),
        false => Ok(()),
    }
}

/// Whether bytes of the stack are data: not of a dynptr or an iterator.
pub fn is_data(state: &State, frame: u8, min: i64, end: i64) -> Result<(), FaultKind> {
    match touched(state, frame, min, end).next() {
        None => Ok(()),
        Some(StackObject::Dynptr { .. }) => {
            Err(FaultKind::Kernel(KernelFault::Dynptr(DynptrFault::Direct)))
        }
        Some(StackObject::Iterator { .. }) => {
            Err(FaultKind::Kernel(KernelFault::Iterator(IteratorFault::Direct)))
        }
    }
}

/// Whether a helper may fill bytes of the stack: not those of a dynptr.
pub fn is_fillable(state: &State, frame: u8, min: i64, end: i64) -> Result<(), FaultKind> {
    match touched(state, frame, min, end).any(|o| matches!(o, StackObject::Dynptr { .. })) {
        true => Err(FaultKind::Kernel(KernelFault::Dynptr(DynptrFault::Direct))),
        false => Ok(()),
    }
}

fn touched(state: &State, frame: u8, min: i64, end: i64) -> impl Iterator<Item = StackObject> {
    let slots = state.frames.get(usize::from(frame)).map_or(&[][..], |frame| &frame.stack.slots);
    let (first, last) = match min < end {
        true => (place(end.min(0) - 1).0, place(min.clamp(-512, -1)).0),
        false => (1, 0),
    };
    (first..=last).filter_map(move |slot| {
        let slot = slots.get(slot)?;
        slot.object.filter(|_| slot.bytes.contains(&Byte::Object))
    })
}

/// Where an iterator is made.
pub fn new_iterator(state: &State, value: &Value, n_slots: usize) -> Result<Place, FaultKind> {
    let fault = |why| Err(FaultKind::Kernel(KernelFault::Iterator(why)));
    let Some(place) = Place::of(value, n_slots) else {
        return fault(IteratorFault::NotOnStack);
    };
    let mut objects = place.objects(state).flatten();
    if objects.any(|object| matches!(object, StackObject::Iterator { .. })) {
        return fault(IteratorFault::Initialised);
    }
    match place.objects(state).flatten().any(|object| is_counted(&object)) {
        true => Err(FaultKind::Kernel(KernelFault::Dynptr(DynptrFault::Overwritten))),
        false => Ok(place),
    }
}

/// An initialised iterator of the type `wanted`.
pub fn iterator(
    state: &State,
    value: &Value,
    wanted: TypeId,
    n_slots: usize,
) -> Result<(Place, StackObject), FaultKind> {
    let fault = |why| Err(FaultKind::Kernel(KernelFault::Iterator(why)));
    if !matches!(value.kind, Kind::Stack { .. }) {
        return fault(IteratorFault::NotOnStack);
    }
    let Some(place) = Place::of(value, n_slots) else {
        return fault(IteratorFault::NotInitialised);
    };
    let mut first = None;
    for (idx, object) in place.objects(state).enumerate() {
        match object {
            Some(StackObject::Iterator { guard: Guard::Lost, .. }) => {
                return fault(IteratorFault::NoRcu);
            }
            Some(object @ StackObject::Iterator { ty, ref_id, .. })
                if ty == wanted && (ref_id != 0) == (idx == 0) =>
            {
                first = first.or(Some(object));
            }
            _ => return fault(IteratorFault::NotInitialised),
        }
    }
    match first {
        Some(object) => Ok((place, object)),
        None => fault(IteratorFault::NotInitialised),
    }
}
