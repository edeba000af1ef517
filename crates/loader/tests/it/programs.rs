//! Loading, test runs and rejections, on the running kernel.

use crate::support::{add, array, kernel, loaded, map, object, program, skip_without};
use bpfc_btf::{IntEncoding, MemberDef, TypeDef};
use bpfc_kabi::{MapType, UpdateFlag};
use bpfc_loader::{
    AttachSpec, Fault, LoadError, LoadOptions, LogLevel, Rejection, TestInput, attach, load,
};
use bpfc_object::{
    CoreReloc, DataKind, DataSection, Extern, ExternKind, MapInit, ObjInsn, Object, Pinning, Reloc,
};

const PACKET: [u8; 64] = [7; 64];

fn run(object: &Object) -> u32 {
    let kernel = kernel().expect("checked by the caller");
    let loaded = loaded(object, &kernel);
    let input = TestInput { data: &PACKET, ..TestInput::default() };
    loaded.programs[0].test_run(&input).unwrap().retval
}

fn rejection(object: &Object) -> Rejection {
    let kernel = kernel().expect("checked by the caller");
    match load(object, &kernel, &LoadOptions::default()) {
        Err(LoadError::Rejected(rejection)) => *rejection,
        other => panic!("{other:?}"),
    }
}

#[test]
fn programs_run() {
    if kernel().is_none() {
        return;
    }
    assert_eq!(run(&program([], "xdp", "r0 = 2\nexit")), 2);
    assert_eq!(run(&program([], "tc", "r0 = 0\nexit")), 0);
    let first_byte = "r2 = *(u32 *)(r1 + 0)
        r3 = *(u32 *)(r1 + 4)
        r4 = r2
        r4 += 1
        r0 = 0
        if r4 > r3 goto .Lout
        r0 = *(u8 *)(r2 + 0)
        .Lout:
        exit";
    assert_eq!(run(&program([], "xdp", first_byte)), 7);
}

#[test]
fn packets_come_back() {
    let Some(kernel) = kernel() else { return };
    let text = "r2 = *(u32 *)(r1 + 0)
        r3 = *(u32 *)(r1 + 4)
        r4 = r2
        r4 += 1
        r0 = 1
        if r4 > r3 goto .Lout
        *(u8 *)(r2 + 0) = 9
        .Lout:
        exit";
    let loaded = loaded(&program([], "xdp", text), &kernel);
    let input = TestInput { data: &PACKET, repeat: 100, ..TestInput::default() };
    let output = loaded.programs[0].test_run(&input).unwrap();
    assert_eq!((output.retval, output.data.len()), (1, 64));
    assert_eq!(output.data[..2], [9, 7]);
    let nothing = TestInput::default();
    let error = loaded.programs[0].test_run(&nothing).unwrap_err();
    assert!(error.to_string().starts_with("cannot run program `prog`"), "{error}");
}

#[test]
fn contexts_go_in() {
    let Some(kernel) = kernel() else { return };
    let text = "r0 = *(u64 *)(r1 + 8)\nexit";
    let loaded = loaded(&program([], "raw_tp/sched_switch", text), &kernel);
    let ctx: Vec<u8> = [5_u64, 6, 7].iter().flat_map(|n| n.to_ne_bytes()).collect();
    let input = TestInput { ctx: &ctx, ..TestInput::default() };
    assert_eq!(loaded.programs[0].test_run(&input).unwrap().retval, 6);
}

#[test]
fn contexts_come_back() {
    let Some(kernel) = kernel() else { return };
    // `mark` of `struct __sk_buff` is at 8, `priority` at 32.
    let text = "r2 = *(u32 *)(r1 + 8)\nr2 += 1\n*(u32 *)(r1 + 8) = r2\nr0 = 0\nexit";
    let loaded = loaded(&program([], "tc", text), &kernel);
    let mut ctx = vec![0; 192];
    ctx[8] = 41;
    ctx[32] = 7;
    let input = TestInput { data: &PACKET, ctx: &ctx, ..TestInput::default() };
    let output = loaded.programs[0].test_run(&input).unwrap();
    assert_eq!((output.ctx[8], output.ctx[32]), (42, 7));
}

/// Adds 1 to element 0 of `counts` and returns the sum.
const COUNT: &str = "*(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = counts ll
    call bpf_map_lookup_elem
    if r0 == 0 goto .Lout
    r1 = 1
    lock *(u64 *)(r0 + 0) += r1
    r0 = *(u64 *)(r0 + 0)
    .Lout:
    exit";

#[test]
fn programs_and_user_space_share_maps() {
    let Some(kernel) = kernel() else { return };
    let loaded = loaded(&program([array("counts", 8, 1)], "xdp", COUNT), &kernel);
    let counts = loaded.map("counts").unwrap();
    counts.update(&[0; 4], &40_u64.to_ne_bytes(), UpdateFlag::Any).unwrap();
    let input = TestInput { data: &PACKET, repeat: 2, ..TestInput::default() };
    assert_eq!(loaded.programs[0].test_run(&input).unwrap().retval, 42);
    let found = counts.lookup(&[0; 4]).unwrap().unwrap();
    assert_eq!(found, [42_u64.to_ne_bytes().to_vec()]);
}

#[test]
fn keys_of_arrays_may_be_enumerations() {
    let Some(kernel) = kernel() else { return };
    let mut object = program([array("counts", 8, 1)], "xdp", COUNT);
    let key = object.btf.push(TypeDef::Enum {
        name: "kind".into(),
        size_bytes: 4,
        is_signed: false,
        enumerators: Vec::new(),
    });
    let value = object.btf.push(TypeDef::int("u64", 8, IntEncoding::Unsigned));
    let counts = object.map("counts").unwrap();
    object.maps[counts].key_type = Some(key);
    object.maps[counts].value_type = Some(value);
    let loaded = loaded(&object, &kernel);
    assert_eq!(loaded.btf_complaint, None);
}

#[test]
fn functions_call_functions() {
    if kernel().is_none() {
        return;
    }
    let mut object = object([]);
    add(&mut object, ".text", "twenty", "r0 = 20\nexit");
    add(&mut object, ".text", "helped", "call twenty\nr0 += 1\nexit");
    let text = "call helped\nr6 = r0\ncall twenty\nr0 += r6\nr1 = 1 ll\nr0 += r1\nexit";
    add(&mut object, "tc", "prog", text);
    assert_eq!(run(&object), 42);
}

#[test]
fn data_sections_have_their_content() {
    let Some(kernel) = kernel() else { return };
    let mut object = program([], "xdp", "r0 = 0\nexit");
    let mut rodata = DataSection::new(".rodata", DataKind::ReadOnly);
    let mut bss = DataSection::new(".bss", DataKind::Bss);
    let answer = rodata.push(&30_u32.to_ne_bytes(), 4);
    let offset = bss.push(&[0; 8], 8);
    let rodata = object.data.push(rodata);
    let bss = object.data.push(bss);
    let func = object.function("prog").unwrap();
    let r = |text: &str| ObjInsn::new(bpfc_isa::assemble(text, &()).unwrap().insns[0]);
    let address =
        |dst, section, offset| ObjInsn::load_address(dst, Reloc::Data { section, offset });
    object.functions[func].insns = vec![
        address(bpfc_isa::Reg::R1, rodata, answer),
        r("r0 = *(u32 *)(r1 + 0)"),
        address(bpfc_isa::Reg::R2, bss, offset),
        r("*(u64 *)(r2 + 0) = 12"),
        r("r3 = *(u64 *)(r2 + 0)"),
        r("r0 += r3"),
        r("exit"),
    ];
    assert_eq!(run(&object), 42);
    let loaded = loaded(&object, &kernel);
    let rodata = loaded.data[rodata].as_ref().unwrap();
    assert!(rodata.update(&[0; 4], &[0; 4], UpdateFlag::Any).is_err());
}

#[test]
fn program_arrays_are_filled() {
    if kernel().is_none() {
        return;
    }
    let mut object = object([map("jumps", MapType::ProgArray, 4, 4, 3)]);
    let text = "r2 = jumps ll\nr3 = 2\ncall bpf_tail_call\nr0 = 1\nexit";
    add(&mut object, "xdp", "first", text);
    add(&mut object, "xdp", "second", "r0 = 2\nexit");
    let jumps = object.map("jumps").unwrap();
    let second = object.function("second").unwrap();
    object.maps[jumps].values = vec![(2, MapInit::Program(second))];
    assert_eq!(run(&object), 2);
}

#[test]
fn kernel_configuration_is_readable() {
    let Some(kernel) = kernel() else { return };
    let mut object = program([], "xdp", "r0 = 0\nexit");
    let kind = ExternKind::Kconfig { size_bytes: 4 };
    let id = object.externs.push(Extern::new("LINUX_KERNEL_VERSION", kind));
    let func = object.function("prog").unwrap();
    let r = |text: &str| ObjInsn::new(bpfc_isa::assemble(text, &()).unwrap().insns[0]);
    object.functions[func].insns = vec![
        ObjInsn::load_address(bpfc_isa::Reg::R1, Reloc::Extern(id)),
        r("r0 = *(u32 *)(r1 + 0)"),
        r("exit"),
    ];
    let version = kernel.version().unwrap();
    let expected = u32::from(version.major) << 16 | u32::from(version.minor) << 8;
    assert_eq!(run(&object) & 0xff_ff00, expected);
    object.externs[id].name = "CONFIG_OF_NOTHING".into();
    let error = load(&object, &kernel, &LoadOptions::default()).unwrap_err();
    assert_eq!(error.code().name(), "E0903");
    assert!(error.to_string().contains("`CONFIG_OF_NOTHING`"), "{error}");
    object.externs[id].is_weak = true;
    assert_eq!(run(&object), 0);
}

#[test]
fn rejections_point_at_the_source() {
    if kernel().is_none() {
        return;
    }
    let text = COUNT.replace("if r0 == 0 goto .Lout", "r6 = 0");
    let counts = map("counts", MapType::Hash, 4, 8, 1);
    let rejected = rejection(&program([counts], "xdp", &text));
    let place = rejected.place.as_ref().unwrap();
    assert_eq!((place.insn_idx, place.line.as_ref().unwrap().line), (7, 8));
    assert_eq!(rejected.message, "`r0` may be null here");
    // Old kernels print the registers at branches only.
    assert!(rejected.registers.iter().all(|(name, _)| name == "r0"));
    let diagnostic = rejected.to_diagnostic();
    assert_eq!(diagnostic.code.name(), "E0703");
    assert_eq!(diagnostic.span(), bpfc_base::Span::new(80, 85));
    assert!(diagnostic.message.contains("the kernel rejects `prog`"));
    assert!(rejected.log.contains("; lock *(u64 *)(r0 + 0) += r1"), "{}", rejected.log);
}

#[test]
fn rejections_without_an_instruction_name_one() {
    if kernel().is_none() {
        return;
    }
    let unreachable = "r0 = 0\nexit\nr0 = 1\nexit";
    let rejected = rejection(&program([], "xdp", unreachable));
    assert_eq!(rejected.message, "no path leads to instruction 2");
    assert_eq!(rejected.place.unwrap().insn_idx, 2);
    let endless = "r0 = 0\n.Lagain:\nr0 ^= 1\ngoto .Lagain";
    let rejected = rejection(&program([], "xdp", endless));
    assert_eq!(rejected.message, "the loop has no end that the kernel can see");
    let unread = "r0 = r3\nexit";
    let rejected = rejection(&program([], "xdp", unread));
    assert_eq!(rejected.message, "`r3` is read before it has a value");
    let helper = "call bpf_skb_load_bytes\nexit";
    let rejected = rejection(&program([], "xdp", helper));
    assert!(rejected.message.contains("`bpf_skb_load_bytes`"), "{}", rejected.message);
}

#[test]
fn long_logs_are_complete() {
    if kernel().is_none() {
        return;
    }
    let mut text = "r0 = 0\n".repeat(20_000);
    text.push_str("r0 = r5\nexit");
    let rejected = rejection(&program([], "xdp", &text));
    assert_eq!(rejected.place.unwrap().insn_idx, 20_000);
    assert!(rejected.log.len() > 256 << 10, "{}", rejected.log.len());
}

#[test]
fn logs_of_good_programs_are_kept_on_request() {
    let Some(kernel) = kernel() else { return };
    let object = program([], "xdp", "r0 = 2\nexit");
    let options = LoadOptions { log: LogLevel::Full, ..LoadOptions::default() };
    let loaded = load(&object, &kernel, &options).unwrap();
    assert!(loaded.programs[0].log().contains("0: (b7) r0 = 2"));
}

#[test]
fn unknown_sections_are_the_programs_fault() {
    let Some(kernel) = kernel() else { return };
    let object = program([], "mystery", "r0 = 0\nexit");
    let error = load(&object, &kernel, &LoadOptions::default()).unwrap_err();
    assert_eq!(error.fault(), Fault::Program);
    assert!(error.to_string().contains("section `mystery`"), "{error}");
}

/// An object whose program returns a CO-RE relocated offset of a field of `task_struct`.
fn field_offset(field: &str) -> Object {
    let mut object = program([], "socket", "r0 = 8\nexit");
    let int = object.btf.intern(TypeDef::int("int", 4, IntEncoding::Signed));
    let member = |name: &str, bit_offset| MemberDef {
        name: name.into(),
        ty: int,
        bit_offset,
        bitfield_bits: None,
    };
    let root = object.btf.push(TypeDef::Struct {
        name: "task_struct".into(),
        size_bytes: 12,
        members: vec![member("filler___x", 0), member("prio", 32), member(field, 64)],
    });
    let func = object.function("prog").unwrap();
    object.functions[func].insns[0].core = Some(CoreReloc { kind: 0, root, access: "0:2".into() });
    object
}

#[test]
fn core_relocations_follow_the_kernel() {
    let Some(kernel) = kernel() else { return };
    let Some(btf) = kernel.btf() else { return };
    let task = btf.find_by_name("task_struct", bpfc_btf::KindSet::STRUCT).unwrap();
    let pid = btf.find_field(task, "pid").unwrap().unwrap();
    assert_eq!(run(&field_offset("pid")), pid.bit_offset / 8);
    let rejected = rejection(&field_offset("no_such_field"));
    let diagnostic = rejected.to_diagnostic();
    assert_eq!(diagnostic.code.name(), "E0603");
    assert_eq!(
        diagnostic.message,
        "the kernel rejects `prog`: `struct task_struct.no_such_field` does not exist on this kernel"
    );
}

/// An object whose program has `call` or a load of the extern, then `rest`.
fn with_extern(item: Extern, is_call: bool, rest: &str) -> Object {
    let mut object = program([], "tc", rest);
    let id = object.externs.push(item);
    let func = object.function("prog").unwrap();
    let insns = &mut object.functions[func].insns;
    let insn = match is_call {
        true => ObjInsn::call(Reloc::Extern(id)),
        false => ObjInsn::load_address(bpfc_isa::Reg::R1, Reloc::Extern(id)),
    };
    let line = insns[0].line.clone();
    insns.insert(0, ObjInsn { line, ..insn });
    object
}

fn item(name: &str, kind: ExternKind, is_weak: bool) -> Extern {
    Extern { is_weak, ..Extern::new(name, kind) }
}

#[test]
fn kernel_functions_are_called() {
    let Some(kernel) = kernel() else { return };
    let name = "bpf_cast_to_kern_ctx";
    let has = kernel.btf().is_some_and(|btf| btf.find_func(name).is_some());
    if skip_without(has, "the kernel has no bpf_cast_to_kern_ctx (6.2)") {
        return;
    }
    let call = with_extern(item(name, ExternKind::Kfunc, false), true, "r0 = 3\nexit");
    assert_eq!(run(&call), 3);
    let unknown = || item("bpf_no_such_kfunc", ExternKind::Kfunc, false);
    let error = load(&with_extern(unknown(), true, "exit"), &kernel, &LoadOptions::default());
    let error = error.unwrap_err().to_string();
    assert!(error.contains("the kernel function `bpf_no_such_kfunc`"), "{error}");
    let weak = Extern { is_weak: true, ..unknown() };
    let rejected = rejection(&with_extern(weak, true, "r0 = 0\nexit"));
    assert_eq!(
        rejected.message,
        "the kernel function `bpf_no_such_kfunc` does not exist on this kernel"
    );
}

#[test]
fn kernel_symbols_have_addresses() {
    let Some(kernel) = kernel() else { return };
    let symbol = |is_weak, name| item(name, ExternKind::Ksym, is_weak);
    let Some(Ok(Some(address))) = kernel.symbols().map(|all| all.address("_stext")) else {
        return;
    };
    let text = "r0 = r1\nr0 >>= 32\nexit";
    let known = with_extern(symbol(false, "_stext"), false, text);
    assert_eq!(run(&known), (address >> 32) as u32);
    let absent = with_extern(symbol(true, "no_such_symbol_x"), false, "r0 = r1\nexit");
    assert_eq!(run(&absent), 0);
}

#[test]
fn typed_tracepoints_attach_as_loaded() {
    let Some(kernel) = kernel() else { return };
    let loaded = loaded(
        &program([array("counts", 8, 1)], "tp_btf/sched_switch", crate::attach::COUNT),
        &kernel,
    );
    let program = &loaded.programs[0];
    let spec = AttachSpec::of(program.name(), program.kind()).unwrap();
    let link = attach(program, &spec, &kernel).unwrap();
    assert_eq!(link.spec(), "tp_btf:sched_switch");
    std::thread::sleep(std::time::Duration::from_millis(50));
    assert!(crate::attach::count(&loaded) > 0);
    let misspelt = crate::support::program([], "tp_btf/sched_swich", "r0 = 0\nexit");
    let error = load(&misspelt, &kernel, &LoadOptions::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no tracepoint `sched_swich`; did you mean `sched_switch`?"
    );
}

#[test]
fn pinned_maps_are_shared() {
    let Some(kernel) = kernel() else { return };
    let folder = format!("/sys/fs/bpf/bpfc-test-{}", std::process::id());
    if let Err(error) = std::fs::create_dir(&folder) {
        skip_without(false, &format!("bpffs is not mounted: {error}"));
        return;
    }
    let options = LoadOptions { pin_folder: folder.clone().into(), ..LoadOptions::default() };
    let shared = |value_bytes| {
        let map = bpfc_object::Map { pinning: Pinning::ByName, ..array("counts", value_bytes, 1) };
        program([map], "xdp", COUNT)
    };
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let first = load(&shared(8), &kernel, &options).unwrap();
        let second = load(&shared(8), &kernel, &options).unwrap();
        assert_eq!(first.map("counts").unwrap().id(), second.map("counts").unwrap().id());
        let path = Some(format!("{folder}/counts"));
        let by_path = bpfc_object::Map { pin_path: path, ..array("counts", 8, 1) };
        let third = load(&program([by_path], "xdp", COUNT), &kernel, &LoadOptions::default());
        assert_eq!(
            first.map("counts").unwrap().id(),
            third.unwrap().maps.iter().next().unwrap().id()
        );
        first.map("counts").unwrap().update(&[0; 4], &[7; 8], UpdateFlag::Any).unwrap();
        let error = load(&shared(16), &kernel, &options).unwrap_err();
        assert_eq!(error.code().name(), "E0925");
        let text = format!("{:?}", error.to_diagnostic());
        for part in ["ARRAY, key 4 bytes, value 8 bytes, 1 entries", "value 16 bytes"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let value = first.map("counts").unwrap().lookup(&[0; 4]).unwrap();
        assert_eq!(value, Some(vec![vec![7; 8]]));
    }));
    std::fs::remove_file(format!("{folder}/counts")).unwrap();
    std::fs::remove_dir(&folder).unwrap();
    outcome.unwrap();
}
