//! Helpers, on both engines.

use crate::common::{Builder, run, vm};
use bpfc_kabi::MapType;
use bpfc_object::{DataKind, Object};
use bpfc_vm::{ArgValue, Effect, FaultKind, Input, Outcome, PacketStart, RedirectTarget, RunError};

fn run_in(section: &str, text: &str, input: &Input) -> Outcome {
    let object = Builder::new().func("prog", section, text).build();
    run(&mut vm(&object), &object, input).unwrap_or_else(|error| panic!("{error} in\n{text}"))
}

fn xdp(text: &str) -> u64 {
    run_in("xdp", text, &Input::default()).ret
}

/// Prints `format` with `args` and the string `hello` at hand in `r9`.
fn printed(format: &str, args: &[&str]) -> Result<String, i64> {
    let set: String = (3..).zip(args).map(|(reg, arg)| format!("r{reg} = {arg}\n")).collect();
    let text = format!(
        "r9 = .data ll
         r1 = .rodata ll
         r2 = {}
         r3 = 0
         r4 = 0
         r5 = 0
         {set}
         call bpf_trace_printk
         exit",
        format.len() + 1
    );
    let object: Object = Builder::new()
        .data(".rodata", DataKind::ReadOnly, &[format.as_bytes(), &[0]].concat())
        .data(".data", DataKind::Data, b"hello\0\x01\x02\x03\x04")
        .func("prog", "kprobe/x", &text)
        .build();
    let outcome = run(&mut vm(&object), &object, &Input::default()).unwrap();
    match outcome.effects.as_slice() {
        [Effect::Printk(line)] => {
            let n_bytes = line.len() + usize::from(format.ends_with('\n'));
            assert_eq!(outcome.ret, n_bytes as u64, "{format:?}");
            Ok(line.clone())
        }
        [] => Err(outcome.ret as i64),
        other => panic!("{other:?}"),
    }
}

#[test]
fn printk_formats() {
    let ok = |format, args: &[&str], expected: &str| {
        assert_eq!(printed(format, args), Ok(expected.to_owned()), "{format:?}");
    };
    ok("plain\n", &[], "plain");
    ok("%d %u %x", &["-1", "-1", "255"], "-1 4294967295 ff");
    ok("%ld %llu %llX", &["-1", "-1", "255"], "-1 18446744073709551615 FF");
    ok("%5d|%-5d|%05d", &["42", "42", "-42"], "   42|42   |-0042");
    ok("%+d|% d|%lx", &["1", "2", "0x123456789a ll"], "+1| 2|123456789a");
    ok("%s %c%%", &["r9", "65"], "hello A%");
    ok("%8s|%-8s|%3c", &["r9", "r9", "66"], "   hello|hello   |  B");
    ok("[%s]", &["0"], "[]");
    ok("%p %px", &["0", "16"], "0000000000000000 0000000000000010");
    ok("%p", &["r9"], "(____ptrval____)");
    ok("%pks.", &["r9"], "hello.");
    ok("äöü", &[], "äöü");
    for bad in ["%f", "%hd", "%", "%d %d %d %d", "%sx", "%pQ", "%5", "%.3d", "a\u{1}", "%lld%l"] {
        assert_eq!(printed(bad, &[]), Err(-22), "{bad:?}");
    }
    ok("%pI4 %pi4", &["r9", "r9"], "104.101.108.108 104.101.108.108");
}

#[test]
fn snprintf_cuts_and_counts() {
    let text = "
        r1 = 7
        *(u64 *)(r10 - 16) = r1
        *(u64 *)(r10 - 8) = -1
        r1 = r10
        r1 += -24
        *(u64 *)(r10 - 24) = -1
        r2 = 6
        r3 = .rodata ll
        r4 = r10
        r4 += -16
        r5 = 16
        call bpf_snprintf
        r6 = r0
        r0 = *(u64 *)(r10 - 24)
        r0 &= 0xffffff
        r6 <<= 32
        r0 |= r6
        exit";
    let object = Builder::new()
        .data(".rodata", DataKind::ReadOnly, b"%d,%lld;%%\0")
        .func("prog", "xdp", text)
        .build();
    let outcome = run(&mut vm(&object), &object, &Input::default()).unwrap();
    // `7,-1;%` and its end are 7 bytes.
    assert_eq!(outcome.ret, 7 << 32 | 0x2d_2c37);
}

#[test]
fn facts_come_from_the_environment() {
    assert_eq!(xdp("call bpf_get_current_pid_tgid\nexit"), 1000 << 32 | 1000);
    assert_eq!(xdp("call bpf_get_smp_processor_id\nexit"), 0);
    assert_eq!(xdp("call bpf_ktime_get_ns\nexit"), 1_000_000_000);
    let later = "call bpf_ktime_get_ns\nr6 = r0\ncall bpf_ktime_get_ns\nr0 -= r6\nexit";
    assert_eq!(xdp(later), 1000);
    let comm = "
        r1 = r10
        r1 += -16
        r2 = 16
        call bpf_get_current_comm
        r0 = *(u64 *)(r10 - 16)
        exit";
    assert_eq!(xdp(comm), u64::from(u32::from_le_bytes(*b"bpfc")));
    let text = "r2 = LINUX_KERNEL_VERSION ll\nr0 = *(u32 *)(r2 + 0)\nexit";
    let object = Builder::new()
        .kconfig("CONFIG_HZ", 4)
        .kconfig("LINUX_KERNEL_VERSION", 4)
        .func("prog", "xdp", text)
        .build();
    let outcome = run(&mut vm(&object), &object, &Input::default()).unwrap();
    assert_eq!(outcome.ret, 0x06_1200);
}

#[test]
fn reading_memory_that_is_not_there() {
    let text = "
        *(u64 *)(r10 - 8) = -1
        r1 = r10
        r1 += -8
        r2 = 8
        r3 = 0x100
        call bpf_probe_read_kernel
        r6 = *(u64 *)(r10 - 8)
        r0 += r6
        exit";
    assert_eq!(xdp(text) as i64, -14);
    let task = "
        call bpf_get_current_task
        r3 = r0
        r1 = r10
        r1 += -8
        r2 = 8
        call bpf_probe_read_kernel
        exit";
    assert_eq!(xdp(task), 0);
    let text = "
        r3 = *(u64 *)(r1 + 112)
        r1 = r10
        r1 += -8
        r2 = 4
        *(u64 *)(r10 - 8) = -1
        call bpf_probe_read_kernel_str
        r6 = *(u64 *)(r10 - 8)
        r6 <<= 8
        r0 |= r6
        exit";
    let input = Input { args: vec![ArgValue::Kernel(b"longer\0".to_vec())], ..Input::default() };
    let outcome = run_in("kprobe/x", text, &input);
    assert_eq!(outcome.ret & 0xff_ffff_ffff, u64::from(u32::from_le_bytes(*b"lon\0")) << 8 | 4);
}

#[test]
fn arguments_of_traced_functions() {
    let input = Input {
        args: vec![ArgValue::Number(7), ArgValue::Number(30)],
        return_value: 5,
        ..Input::default()
    };
    let sum = "r0 = *(u64 *)(r1 + 0)\nr2 = *(u64 *)(r1 + 8)\nr0 += r2\nexit";
    assert_eq!(run_in("raw_tp/x", sum, &input).ret, 37);
    let regs = "r0 = *(u64 *)(r1 + 104)\nr2 = *(u64 *)(r1 + 80)\nr0 += r2\nexit";
    assert_eq!(run_in("kretprobe/x", regs, &input).ret, 35);
    let given = Input { context: Some((0..32).collect()), ..Input::default() };
    let text = "r0 = *(u16 *)(r1 + 30)\nexit";
    assert_eq!(run_in("tp/a/b", text, &given).ret, 0x1f1e);
    let object = Builder::new().func("prog", "tp/a/b", "r0 = *(u16 *)(r1 + 31)\nexit").build();
    let error = run(&mut vm(&object), &object, &given).unwrap_err();
    assert!(matches!(error, RunError::Fault(_)));
}

#[test]
fn perf_events() {
    let text = "
        *(u64 *)(r10 - 8) = 0x11223344
        r2 = events ll
        r3 = 0x2ffffffff ll
        r4 = r10
        r4 += -8
        r5 = 4
        call bpf_perf_event_output
        exit";
    let build = |section| {
        Builder::new()
            .map("events", MapType::PerfEventArray, 4, 4, 0)
            .func("prog", section, text)
            .build()
    };
    let mut packet = vec![0; 60];
    packet[..2].copy_from_slice(&[8, 9]);
    let input = Input { packet: Some(packet), ..Input::default() };
    let object = build("xdp");
    let outcome = run(&mut vm(&object), &object, &input).unwrap();
    assert_eq!(outcome.ret, 0);
    let map = object.map("events").unwrap();
    let bytes = vec![0x44, 0x33, 0x22, 0x11, 8, 9];
    assert_eq!(outcome.effects, [Effect::PerfEvent { map, index: 0, bytes }]);
    // Only packets can be appended.
    let object = build("kprobe/x");
    let outcome = run(&mut vm(&object), &object, &input).unwrap();
    assert_eq!(outcome.ret as i64, -22);
}

#[test]
fn xdp_packets_move() {
    let text = "
        r6 = r1
        r2 = -4
        call bpf_xdp_adjust_head
        if r0 != 0 goto bad
        r2 = *(u32 *)(r6 + 0)
        *(u32 *)(r2 + 0) = 0x01020304
        r1 = r6
        r2 = 2
        call bpf_xdp_adjust_tail
        if r0 != 0 goto bad
        r1 = r6
        r2 = -8
        call bpf_xdp_adjust_meta
        if r0 != 0 goto bad
        r2 = *(u32 *)(r6 + 8)
        *(u64 *)(r2 + 0) = 0x55
        r1 = r6
        call bpf_xdp_get_buff_len
        bad: exit";
    let input = Input { packet: Some(vec![9; 20]), ..Input::default() };
    let outcome = run_in("xdp", text, &input);
    assert_eq!(outcome.ret, 26);
    let packet = [&[4, 3, 2, 1][..], &[9; 20], &[0; 2]].concat();
    assert_eq!(outcome.packet, Some(packet));
    assert_eq!(outcome.metadata, [0x55, 0, 0, 0, 0, 0, 0, 0]);
    let too_far = "r2 = -217\ncall bpf_xdp_adjust_head\nexit";
    assert_eq!(xdp(too_far) as i64, -22);
    assert_eq!(xdp("r2 = -216\ncall bpf_xdp_adjust_head\nexit"), 0);
    assert_eq!(xdp("r2 = 3461\ncall bpf_xdp_adjust_tail\nexit") as i64, -22);
    assert_eq!(xdp("r2 = -2\ncall bpf_xdp_adjust_meta\nexit") as i64, -13);
}

#[test]
fn skb_bytes_and_fields() {
    let text = "
        r6 = r1
        *(u32 *)(r1 + 8) = 77
        r2 = 12
        r3 = r10
        r3 += -8
        r4 = 2
        call bpf_skb_load_bytes
        r7 = *(u16 *)(r10 - 8)
        *(u16 *)(r10 - 8) = 0xbeef
        r1 = r6
        r2 = 0
        r3 = r10
        r3 += -8
        r4 = 2
        r5 = 0
        call bpf_skb_store_bytes
        r0 = *(u32 *)(r6 + 16)
        r0 <<= 16
        r0 |= r7
        exit";
    let mut packet = vec![0; 60];
    packet[12] = 8;
    let input = Input { packet: Some(packet.clone()), ..Input::default() };
    let outcome = run_in("tc", text, &input);
    assert_eq!(outcome.ret, 0x0008_0008);
    packet[..2].copy_from_slice(&[0xef, 0xbe]);
    assert_eq!(outcome.packet, Some(packet));
    assert_eq!(outcome.context[8], 77);
    // A socket filter may write nothing but `cb`.
    let object = Builder::new().func("prog", "socket", "*(u32 *)(r1 + 8) = 1\nexit").build();
    let error = run(&mut vm(&object), &object, &input).unwrap_err();
    assert!(
        matches!(&error, RunError::Fault(fault) if matches!(fault.kind, FaultKind::ReadOnly { .. })),
        "{error}"
    );
}

#[test]
fn where_packets_start() {
    let text = "r0 = *(u32 *)(r1 + 0)\nexit";
    let attached = Input::default();
    let test_run =
        Input { start: PacketStart::TestRun, packet: Some(vec![7; 60]), ..Input::default() };
    assert_eq!(run_in("socket", text, &attached).ret, 60);
    assert_eq!(run_in("tc", text, &attached).ret, 60);
    assert_eq!(run_in("cgroup_skb/ingress", text, &attached).ret, 46);
    let outcome = run_in("socket", text, &test_run);
    assert_eq!(outcome.ret, 46);
    assert_eq!(outcome.packet, Some([vec![0; 14], vec![7; 46]].concat()));
}

#[test]
fn rooms_and_tags() {
    let mut packet: Vec<u8> = (0..60).collect();
    packet[12..14].copy_from_slice(&[8, 0]);
    let input = Input { packet: Some(packet.clone()), ..Input::default() };
    let grow = "r2 = 4\nr3 = 1\nr4 = 0\ncall bpf_skb_adjust_room\nexit";
    let outcome = run_in("tc", grow, &input);
    assert_eq!(outcome.ret, 0);
    let grown = [&packet[..14], &[0; 4], &packet[14..]].concat();
    assert_eq!(outcome.packet, Some(grown));
    let shrink = grow.replace("r2 = 4", "r2 = -6");
    let outcome = run_in("tc", &shrink, &input);
    let shrunk = [&packet[..14], &packet[20..]].concat();
    assert_eq!(outcome.packet, Some(shrunk));
    let tag = "
        r6 = r1
        r2 = 0x81
        r3 = 5
        call bpf_skb_vlan_push
        r1 = r6
        r2 = 0x81
        r3 = 6
        call bpf_skb_vlan_push
        r0 = *(u32 *)(r6 + 24)
        exit";
    let outcome = run_in("tc", tag, &input);
    assert_eq!(outcome.ret, 6);
    let tagged = [&packet[..12], &[0x81, 0, 0, 5], &packet[12..]].concat();
    assert_eq!(outcome.packet, Some(tagged));
    let untag = tag.replace(
        "r0 = *(u32 *)(r6 + 24)",
        "r1 = r6\ncall bpf_skb_vlan_pop\nr1 = r6\ncall bpf_skb_vlan_pop",
    );
    assert_eq!(run_in("tc", &untag, &input).packet, Some(packet.clone()));
    let tail = "r2 = 100\nr3 = 0\ncall bpf_skb_change_tail\nexit";
    let outcome = run_in("tc", tail, &input);
    assert_eq!(outcome.packet.unwrap().len(), 100);
    let to_v6 = "r2 = 0xdd86\nr3 = 0\ncall bpf_skb_change_proto\nexit";
    let outcome = run_in("tc", to_v6, &input);
    assert_eq!((outcome.ret, outcome.packet.unwrap().len()), (0, 80));
}

#[test]
fn checksums() {
    // An IPv4 header whose TTL goes down by one.
    let mut packet = vec![0; 60];
    let header = [
        0x45, 0, 0, 0x3c, 0x1c, 0x46, 0x40, 0, 0x40, 6, 0xb1, 0xe6, 0xac, 0x10, 0x0a, 0x63, 0xac,
        0x10, 0x0a, 0x0c,
    ];
    packet[14..34].copy_from_slice(&header);
    let input = Input { packet: Some(packet), ..Input::default() };
    let text = "
        r2 = 24
        r3 = 0x0640
        r4 = 0x063f
        r5 = 2
        call bpf_l3_csum_replace
        exit";
    let outcome = run_in("tc", text, &input);
    assert_eq!(outcome.ret, 0);
    assert_eq!(outcome.packet.unwrap()[24..26], [0xb2, 0xe6]);
    let diff = "
        *(u64 *)(r10 - 8) = 0x00010002
        r1 = 0
        r2 = 0
        r3 = r10
        r3 += -8
        r4 = 4
        r5 = 0x10
        call bpf_csum_diff
        exit";
    assert_eq!(xdp(diff), 0x13);
}

#[test]
fn redirections_are_recorded() {
    let outcome = run_in("tc", "r1 = 3\nr2 = 1\ncall bpf_redirect\nexit", &Input::default());
    assert_eq!(outcome.ret, 7);
    let to = RedirectTarget::Interface(3);
    assert_eq!(outcome.effects, [Effect::Redirect { to, flags: 1 }]);
    assert_eq!(xdp("r1 = 3\nr2 = 0\ncall bpf_redirect\nexit"), 4);
    assert_eq!(xdp("r1 = 3\nr2 = 1\ncall bpf_redirect\nexit"), 0);
    let text = "r1 = devs ll\nr2 = 1\nr3 = 2\ncall bpf_redirect_map\nexit";
    let object =
        Builder::new().map("devs", MapType::Devmap, 4, 4, 4).func("prog", "xdp", text).build();
    let mut vm = vm(&object);
    assert_eq!(run(&mut vm, &object, &Input::default()).unwrap().ret, 2);
    let map = object.map("devs").unwrap();
    vm.map_update(map, &1u32.to_le_bytes(), &9u32.to_le_bytes(), 0).unwrap();
    let outcome = run(&mut vm, &object, &Input::default()).unwrap();
    assert_eq!(outcome.ret, 4);
    let to = RedirectTarget::Map { map, key: 1 };
    assert_eq!(outcome.effects, [Effect::Redirect { to, flags: 2 }]);
}

#[test]
fn storage_of_the_current_task() {
    let text = "
        call bpf_get_current_task_btf
        r2 = r0
        r1 = store ll
        r3 = 0
        r4 = 1
        call bpf_task_storage_get
        if r0 == 0 goto out
        r1 = *(u64 *)(r0 + 0)
        r1 += 1
        *(u64 *)(r0 + 0) = r1
        r0 = r1
        out: exit";
    let object = Builder::new()
        .map("store", MapType::TaskStorage, 4, 8, 0)
        .func("prog", "kprobe/x", text)
        .build();
    let mut vm = vm(&object);
    for expected in 1..4 {
        let outcome = run(&mut vm, &object, &Input::default()).unwrap();
        assert_eq!(outcome.ret, expected);
    }
}

#[test]
fn dynptrs() {
    let text = "
        r1 = r10
        r1 += -32
        *(u64 *)(r10 - 32) = 0x1122334455667788
        r2 = 8
        r3 = 0
        r4 = r10
        r4 += -16
        call bpf_dynptr_from_mem
        r1 = r10
        r1 += -40
        r2 = 2
        r3 = r10
        r3 += -16
        r4 = 1
        r5 = 0
        call bpf_dynptr_read
        r6 = *(u16 *)(r10 - 40)
        r1 = r10
        r1 += -40
        r2 = 2
        r3 = r10
        r3 += -16
        r4 = 7
        r5 = 0
        call bpf_dynptr_read
        r0 += r6
        exit";
    let text = text.replace(
        "*(u64 *)(r10 - 32) = 0x1122334455667788",
        "r5 = 0x1122334455667788 ll\n*(u64 *)(r10 - 32) = r5",
    );
    assert_eq!(xdp(&text), 0x6677 - 7);
}
