//! Which maps a program may name at all: `check_map_prog_compatibility` (Linux 6.18 `kernel/bpf/verifier.c`).

use crate::fault::{Fault, FaultKind};
use crate::program::{FieldKind, MapInfo, Operand, Program};
use bpfc_kabi::{MapType, ProgType};

/// The first instruction that names a map which is not for this program, and why.
pub fn check_maps(program: &Program<'_>) -> Result<(), (u32, Fault)> {
    let mut arena = None;
    for (insn_idx, op) in (0..).zip(&program.code) {
        let (Operand::Map(map) | Operand::MapValue(map, _)) = op.operand else {
            continue;
        };
        let info = &program.maps[map];
        let is_arena = info.kind == Some(MapType::Arena);
        let why = match why_not(program, info) {
            None if is_arena && arena.is_some_and(|other| other != map) => {
                Some("a program can have one arena only")
            }
            why => why,
        };
        if let Some(why) = why {
            return Err((insn_idx, Fault::alone(FaultKind::MapNotForProgram { map, why })));
        }
        if is_arena {
            arena = Some(map);
        }
    }
    Ok(())
}

fn why_not(program: &Program<'_>, map: &MapInfo) -> Option<&'static str> {
    let has = |kinds: &[FieldKind]| map.fields.iter().any(|field| kinds.contains(&field.kind));
    let is_tracing = program.prog_type.is_some_and(ProgType::is_tracing);
    let locks = [FieldKind::SpinLock, FieldKind::ResSpinLock];
    if is_tracing && has(&[FieldKind::ListHead, FieldKind::RbRoot]) {
        return Some("programs that trace cannot use lists and trees");
    }
    if has(&locks) && (is_tracing || program.prog_type == Some(ProgType::SocketFilter)) {
        return Some("its values have a spin lock, which programs of this type cannot use");
    }
    if is_tracing && has(&[FieldKind::Timer]) {
        return Some("its values have a timer, which programs that trace cannot use");
    }
    if is_tracing && has(&[FieldKind::Wq]) {
        return Some("its values have a work queue, which programs that trace cannot use");
    }
    if map.kind == Some(MapType::StructOps) {
        return Some("a map that implements kernel functions is not for programs");
    }
    let is_sleepable_map = matches!(
        map.kind,
        None | Some(
            MapType::Hash
                | MapType::LruHash
                | MapType::Array
                | MapType::PercpuHash
                | MapType::PercpuArray
                | MapType::LruPercpuHash
                | MapType::ArrayOfMaps
                | MapType::HashOfMaps
                | MapType::Ringbuf
                | MapType::UserRingbuf
                | MapType::InodeStorage
                | MapType::SkStorage
                | MapType::TaskStorage
                | MapType::CgrpStorage
                | MapType::Queue
                | MapType::Stack
                | MapType::Arena
        )
    ) || program.is_since(6, 19) && map.kind == Some(MapType::ProgArray);
    match program.is_sleepable && !is_sleepable_map {
        true => Some("programs that may sleep cannot use maps of this type"),
        false => None,
    }
}
