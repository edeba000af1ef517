//! Small objects made by hand.

use bpfc_btf::{IntEncoding, Linkage as BtfLinkage, ParamDef, TypeDef, TypeId};
use bpfc_isa::{AluOp, Callee, Insn, JmpOp, LoadType, Reg, Size, Src, Width};
use bpfc_object::*;
use std::sync::Arc;

pub fn mov(dst: Reg, imm: i32) -> Insn {
    Insn::Alu { width: Width::W64, op: AluOp::Mov, dst, src: Src::Imm(imm) }
}

pub fn load(dst: Reg, base: Reg) -> Insn {
    Insn::Load { ty: LoadType::U32, dst, base, off: 0 }
}

fn reg(op: AluOp, dst: Reg, src: Reg) -> Insn {
    Insn::Alu { width: Width::W64, op, dst, src: Src::Reg(src) }
}

/// Gives every instruction a source line, two instructions a line.
pub fn number_lines(insns: &mut [ObjInsn], first: u32) {
    for (idx, insn) in insns.iter_mut().enumerate() {
        let line = first + idx as u32 / 2;
        insn.line = Some(Arc::new(Line {
            file: "sample.c".into(),
            line,
            column: 2,
            text: format!("\tline {line};").into(),
        }));
    }
}

fn func_type(object: &mut Object, name: &str, linkage: BtfLinkage, param: &str) -> TypeId {
    let btf = &mut object.btf;
    let ret = btf.intern(TypeDef::int("int", 4, IntEncoding::Signed));
    let ty = match param {
        "ctx" => btf.intern(TypeDef::Ptr { target: TypeId::VOID }),
        _ => ret,
    };
    let proto = btf.intern(TypeDef::FuncProto {
        ret,
        params: vec![ParamDef { name: param.into(), ty }],
        is_variadic: false,
    });
    btf.push(TypeDef::Func { name: name.into(), proto, linkage })
}

fn variable(object: &mut Object, name: &str, offset: u32, linkage: Linkage) -> Variable {
    let ty = object.btf.intern(TypeDef::int("int", 4, IntEncoding::Signed));
    let linkage_btf = match linkage {
        Linkage::Static => BtfLinkage::Static,
        _ => BtfLinkage::Global,
    };
    let btf = object.btf.push(TypeDef::Var { name: name.into(), ty, linkage: linkage_btf });
    Variable {
        name: name.into(),
        offset,
        size_bytes: 4,
        linkage,
        btf: Some(btf),
        span: Default::default(),
    }
}

fn function(name: &str, section: &str, linkage: Linkage, insns: Vec<ObjInsn>) -> Function {
    Function { name: name.into(), section: section.into(), linkage, insns, ..Function::default() }
}

fn data(object: &mut Object) {
    let mut rodata = DataSection::new(".rodata", DataKind::ReadOnly);
    rodata.push(b"hello\0", 1);
    let offset = rodata.push(&3u32.to_le_bytes(), 4);
    rodata.variables.push(variable(object, "limit", offset, Linkage::Global));
    object.data.push(rodata);
    let mut data = DataSection::new(".data", DataKind::Data);
    data.push(&[0; 4], 4);
    let offset = data.push(&39u32.to_le_bytes(), 4);
    data.variables.push(variable(object, "base", offset, Linkage::Static));
    object.data.push(data);
    let mut bss = DataSection::new(".bss", DataKind::Bss);
    let offset = bss.push(&[0; 4], 4);
    bss.variables.push(variable(object, "total", offset, Linkage::Global));
    object.data.push(bss);
}

fn maps(object: &mut Object) {
    let u32_ty = TypeDef::int("unsigned int", 4, IntEncoding::Unsigned);
    let u32_ty = object.btf.intern(u32_ty);
    let u64_ty = TypeDef::int("unsigned long long", 8, IntEncoding::Unsigned);
    let u64_ty = object.btf.intern(u64_ty);
    object.maps.push(Map {
        name: "hits".into(),
        map_type: 1,
        key_size_bytes: 4,
        value_size_bytes: 8,
        max_entries: 64,
        map_flags: 1,
        key_type: Some(u32_ty),
        value_type: Some(u64_ty),
        style: MapStyle::Bcc,
        is_histogram: true,
        pin_path: Some("/sys/fs/bpf/elsewhere".into()),
        role: MapRole::Public,
        ..Map::default()
    });
    let slots = Map {
        map_type: 2,
        key_size_bytes: 4,
        value_size_bytes: 8,
        max_entries: 1,
        ..Map::default()
    };
    let one = object.maps.push(Map { name: "one".into(), ..slots.clone() });
    object.maps.push(Map {
        name: "table".into(),
        map_type: 12,
        key_size_bytes: 4,
        value_size_bytes: 4,
        max_entries: 4,
        inner: Some(Box::new(slots)),
        values: vec![(0, MapInit::Map(one)), (2, MapInit::Map(one))],
        ..Map::default()
    });
    object.maps.push(Map {
        name: "events".into(),
        map_type: 4,
        key_size_bytes: 4,
        value_size_bytes: 4,
        ..Map::default()
    });
}

/// XDP and raw tracepoint programs with maps, data of all kinds, subprograms (static and global),
/// a callback, and source lines. Runs as XDP and returns 42.
pub fn full() -> Object {
    use Reg::*;
    let mut object = Object { license: Some("GPL".into()), ..Object::default() };
    data(&mut object);
    maps(&mut object);
    let [rodata, data, bss] = object.data.ids().collect::<Vec<_>>()[..] else {
        panic!("three sections");
    };
    let hits = object.map("hits").unwrap();
    let [sum, callback, limit] = [0, 1, 2].map(|idx| {
        use bpfc_base::Idx;
        FuncId::new(idx)
    });

    // r0 = base + argument
    let sum_insns = vec![
        ObjInsn::load_address(R2, Reloc::Data { section: data, offset: 4 }),
        load(R0, R2).into(),
        reg(AluOp::Add, R0, R1).into(),
        Insn::Exit.into(),
    ];
    // 0: continue
    let callback_insns = vec![mov(R0, 0).into(), Insn::Exit.into()];
    // r0 = limit
    let limit_insns = vec![
        ObjInsn::load_address(R2, Reloc::Data { section: rodata, offset: 8 }),
        load(R0, R2).into(),
        Insn::Exit.into(),
    ];
    let program = vec![
        // hits[0]
        mov(R1, 0).into(),
        Insn::Store { size: Size::W, base: R10, off: -4, src: Src::Reg(R1) }.into(),
        reg(AluOp::Mov, R2, R10).into(),
        Insn::Alu { width: Width::W64, op: AluOp::Add, dst: R2, src: Src::Imm(-4) }.into(),
        ObjInsn::load_address(R1, Reloc::Map(hits)),
        Insn::Call(Callee::Helper(1)).into(),
        Insn::JumpIf { width: Width::W64, op: JmpOp::Ne, dst: R0, src: Src::Imm(0), off: 2 }.into(),
        // total = 0
        ObjInsn::load_address(R1, Reloc::Data { section: bss, offset: 0 }),
        // bpf_loop(2, callback, 0, 0)
        mov(R1, 2).into(),
        ObjInsn::load_address(R2, Reloc::FuncAddr(callback)),
        mov(R3, 0).into(),
        mov(R4, 0).into(),
        Insn::Call(Callee::Helper(181)).into(),
        ObjInsn::call(Reloc::Call(limit)),
        reg(AluOp::Mov, R1, R0).into(),
        ObjInsn::call(Reloc::Call(sum)),
        Insn::Exit.into(),
    ];
    let tracepoint = vec![mov(R0, 0).into(), Insn::Exit.into()];
    let functions = [
        function("sum", ".text", Linkage::Static, sum_insns),
        function("callback", ".text", Linkage::Static, callback_insns),
        function("get_limit", ".text", Linkage::Global, limit_insns),
        function("prog", "xdp", Linkage::Global, program),
        function("other", "raw_tp/sched_switch", Linkage::Global, tracepoint),
    ];
    for (idx, mut function) in functions.into_iter().enumerate() {
        let param = if function.is_program() { "ctx" } else { "a" };
        let linkage = match function.linkage {
            Linkage::Static => BtfLinkage::Static,
            _ => BtfLinkage::Global,
        };
        function.btf = Some(match &*function.name {
            "get_limit" => no_param_func(&mut object),
            "callback" => callback_type(&mut object),
            name => func_type(&mut object, name, linkage, param),
        });
        number_lines(&mut function.insns, 10 * (idx as u32 + 1));
        object.functions.push(function);
    }
    object
}

fn no_param_func(object: &mut Object) -> TypeId {
    let ret = object.btf.intern(TypeDef::int("int", 4, IntEncoding::Signed));
    let proto = object.btf.push(TypeDef::FuncProto { ret, params: Vec::new(), is_variadic: false });
    object.btf.push(TypeDef::Func { name: "get_limit".into(), proto, linkage: BtfLinkage::Global })
}

fn callback_type(object: &mut Object) -> TypeId {
    let btf = &mut object.btf;
    let int = btf.intern(TypeDef::int("int", 4, IntEncoding::Signed));
    let ptr = btf.intern(TypeDef::Ptr { target: TypeId::VOID });
    let param = |name: &str, ty| ParamDef { name: name.into(), ty };
    let proto = btf.push(TypeDef::FuncProto {
        ret: int,
        params: vec![param("i", int), param("data", ptr)],
        is_variadic: false,
    });
    btf.push(TypeDef::Func { name: "callback".into(), proto, linkage: BtfLinkage::Static })
}
