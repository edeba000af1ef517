//! What was written is read back as it was.

use crate::sample;
use bpfc_base::Idx;
use bpfc_isa::Endian;
use bpfc_object::*;

#[test]
fn written_objects_read_back_equal() {
    let mut object = sample::full();
    object.define_map_variables();
    assert_eq!(read(&write(&object).unwrap()).unwrap(), object);
}

#[test]
fn big_endian_objects_read_back_equal() {
    let mut object = sample::full();
    object.endian = Endian::Big;
    object.define_map_variables();
    assert_eq!(read(&write(&object).unwrap()).unwrap(), object);
}

#[test]
fn objects_without_types_read_back_equal() {
    let mut object = sample::full();
    object.btf = Default::default();
    object.maps = Default::default();
    object.data.iter_mut().for_each(|data| {
        data.variables.iter_mut().for_each(|variable| variable.btf = None);
    });
    let program = object.function("prog").unwrap();
    object.functions.truncate(program.index());
    object.functions.iter_mut().for_each(|function| {
        function.btf = None;
        function.insns.iter_mut().for_each(|insn| insn.line = None);
    });
    assert_eq!(read(&write(&object).unwrap()).unwrap(), object);
}

#[test]
fn addresses_in_data_and_hidden_functions_read_back_equal() {
    let mut object = sample::full();
    let mut table = DataSection::new(".data.table", DataKind::Data);
    table.push(&[0; 24], 8);
    let target = |target, offset| DataReloc { offset, target };
    let rodata = object.data_section(".rodata").unwrap();
    let offset = 2;
    table.relocs = vec![
        target(DataTarget::Data { section: rodata, offset }, 0),
        target(DataTarget::Func(object.function("callback").unwrap()), 8),
        target(DataTarget::Map(object.map("one").unwrap()), 16),
    ];
    object.data.push(table);
    let limit = object.function("get_limit").unwrap();
    object.functions[limit].is_hidden = true;
    object.define_map_variables();
    assert_eq!(read(&write(&object).unwrap()).unwrap(), object);
}

#[test]
fn attributes_of_maps_read_back_equal() {
    let mut object = Object::default();
    for idx in 0..3 {
        object.maps.push(Map {
            name: format!("map{idx}"),
            map_type: 30,
            max_entries: u32::MAX >> idx,
            map_flags: 1 << 2,
            numa_node: idx,
            map_extra: u64::from(u32::MAX) << idx,
            key_size_bytes: 4,
            value_size_bytes: 1 << 30,
            pinning: if idx == 1 { Pinning::ByName } else { Pinning::None },
            ..Map::default()
        });
    }
    object.define_map_variables();
    assert_eq!(read(&write(&object).unwrap()).unwrap(), object);
}

#[test]
fn errors_have_offsets_and_codes() {
    let bytes = write(&sample::full()).unwrap();
    let mut other = bytes.clone();
    other[18] = 62;
    let error = read(&other).unwrap_err();
    assert_eq!(error.code().name(), "E0802");
    assert!(error.to_string().contains("0x12"), "{error}");
    let error = read(&bytes[..100]).unwrap_err();
    assert_eq!(error.code().name(), "E0801");
    assert_eq!(read(b"").unwrap_err().to_string(), "at offset 0x0: no ELF file");
}

#[test]
fn functions_in_any_order_read_back_grouped() {
    let mut object = sample::full();
    let program = object.function("prog").unwrap();
    let before = link(&object, program).unwrap();
    // A program in front of the functions it calls, another one between them.
    let order = [3, 0, 4, 1, 2].map(FuncId::new);
    let new_id = |func: FuncId| FuncId::new(order.iter().position(|&old| old == func).unwrap());
    let functions = order.map(|id| object.functions[id].clone());
    object.functions = Vec::from(functions).into();
    for insn in object.functions.iter_mut().flat_map(|function| &mut function.insns) {
        if let Some(Reloc::Call(func) | Reloc::FuncAddr(func)) = &mut insn.reloc {
            *func = new_id(*func);
        }
    }
    object.group_by_section();
    object.define_map_variables();
    let names: Vec<_> = object.functions.iter().map(|f| &*f.name).collect();
    assert_eq!(names, ["prog", "sum", "callback", "get_limit", "other"]);
    let again = read(&write(&object).unwrap()).unwrap();
    assert_eq!(again, object);
    let linked = link(&again, FuncId::new(0)).unwrap();
    assert_eq!(linked.plain_insns(), before.plain_insns());
}
