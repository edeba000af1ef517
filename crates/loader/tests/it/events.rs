//! Ring buffers, perf buffers and `trace_pipe`, filled by test runs.

use crate::support::{array, kernel, loaded, map, program};
use bpfc_kabi::{MapType, UpdateFlag};
use bpfc_loader::{
    Ended, EventLoop, Loaded, PerfBuffer, PerfEvent, RingBuffer, StopFlag, TestInput, TraceLine,
    TracePipe,
};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;
use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

const GO_ON: ControlFlow<()> = ControlFlow::Continue(());

/// Counts its runs in element 0 of `state` and sends the count; `size` bytes of stack.
fn sender(call: &str, size: u32) -> String {
    let words: String =
        (8..=size).step_by(8).map(|at| format!("*(u64 *)(r10 - {at}) = 0\n")).collect();
    format!(
        "r6 = r1
        {words}
        r2 = r10
        r2 += -{size}
        r1 = state ll
        call bpf_map_lookup_elem
        if r0 == 0 goto .Lout
        r1 = *(u64 *)(r0 + 0)
        r1 += 1
        *(u64 *)(r0 + 0) = r1
        *(u64 *)(r10 - {size}) = r1
        {call}
        r0 = 0
        .Lout:
        exit"
    )
}

fn run(loaded: &Loaded, repeat: u32) {
    let input = TestInput { data: &[0; 64], repeat, ..TestInput::default() };
    loaded.programs[0].test_run(&input).unwrap();
}

fn ring(n_bytes: u32, record_bytes: u32) -> Option<Loaded> {
    let kernel = kernel()?;
    let call = format!(
        "r1 = ring ll
        r2 = r10
        r2 += -{record_bytes}
        r3 = {record_bytes}
        r4 = 0
        call bpf_ringbuf_output"
    );
    let maps = [array("state", 8, 1), map("ring", MapType::Ringbuf, 0, 0, n_bytes)];
    let text = sender(&call, record_bytes);
    Some(loaded(&program(maps, "xdp", &text), &kernel))
}

fn first_word(record: &[u8]) -> u64 {
    u64::from_ne_bytes(record[..8].try_into().unwrap())
}

#[test]
fn ring_buffers_keep_order_and_content_around_the_end() {
    let Some(loaded) = ring(4096, 104) else {
        return;
    };
    let mut reader = RingBuffer::new(loaded.map("ring").unwrap()).unwrap();
    let mut expected = 0;
    for round in 1..50 {
        let n = round % 30 + 1;
        run(&loaded, n);
        let n_read = reader.consume(|record| {
            assert_eq!(record.len(), 104);
            expected += 1;
            assert_eq!(first_word(record), expected);
            assert!(record[8..].iter().all(|byte| *byte == 0));
            GO_ON
        });
        assert_eq!(n_read, n as usize);
    }
}

#[test]
fn full_ring_buffers_drop_new_records() {
    let Some(loaded) = ring(4096, 8) else { return };
    let mut reader = RingBuffer::new(loaded.map("ring").unwrap()).unwrap();
    run(&loaded, 1000);
    let n_read = reader.consume(|_| GO_ON);
    assert!((200..=256).contains(&n_read), "{n_read}");
    run(&loaded, 1);
    let mut words = Vec::new();
    reader.consume(|record| {
        words.push(first_word(record));
        GO_ON
    });
    assert_eq!(words, [1001]);
}

#[test]
fn receivers_may_stop_between_records() {
    let Some(loaded) = ring(4096, 8) else { return };
    let mut reader = RingBuffer::new(loaded.map("ring").unwrap()).unwrap();
    run(&loaded, 3);
    assert_eq!(reader.consume(|_| ControlFlow::Break(())), 1);
    assert_eq!(reader.consume(|_| GO_ON), 2);
    assert_eq!(reader.consume(|_| GO_ON), 0);
}

#[test]
fn other_maps_are_no_sources() {
    let Some(kernel) = kernel() else { return };
    let map = bpfc_loader::Map::create(&array("a", 4, 1), &kernel).unwrap();
    let error = RingBuffer::new(&map).unwrap_err().to_string();
    assert!(error.contains("it is no BPF_MAP_TYPE_RINGBUF"), "{error}");
    assert!(PerfBuffer::new(&map, &kernel, 1).is_err());
}

fn perf(record_bytes: u32) -> Option<Loaded> {
    let kernel = kernel()?;
    // r3 = BPF_F_CURRENT_CPU
    let call = format!(
        "r1 = r6
        r2 = events ll
        r3 = 0xffffffff ll
        r4 = r10
        r4 += -{record_bytes}
        r5 = {record_bytes}
        call bpf_perf_event_output"
    );
    let maps = [array("state", 8, 1), map("events", MapType::PerfEventArray, 4, 4, 0)];
    let text = sender(&call, record_bytes);
    Some(loaded(&program(maps, "xdp", &text), &kernel))
}

#[test]
fn perf_buffers_keep_content_around_the_end() {
    let Some(loaded) = perf(104) else { return };
    let kernel = bpfc_loader::Kernel::new();
    let mut reader = PerfBuffer::new(loaded.map("events").unwrap(), &kernel, 1).unwrap();
    let mut seen = Vec::new();
    for round in 0..40 {
        run(&loaded, round % 20 + 1);
        let flow = reader.consume(|event| {
            let PerfEvent::Sample { data, .. } = event else { panic!("{event:?}") };
            assert!(data.len() >= 104 && data[8..104].iter().all(|byte| *byte == 0));
            seen.push(first_word(data));
            GO_ON
        });
        assert!(flow.is_continue());
    }
    // The test may have moved from CPU to CPU.
    seen.sort_unstable();
    assert_eq!(seen, (1..=seen.len() as u64).collect::<Vec<_>>());
    assert_eq!(seen.len(), (0..40).map(|round| round % 20 + 1).sum::<usize>());
}

#[test]
fn perf_buffers_count_what_is_lost() {
    let Some(loaded) = perf(104) else { return };
    let kernel = bpfc_loader::Kernel::new();
    let mut reader = PerfBuffer::new(loaded.map("events").unwrap(), &kernel, 1).unwrap();
    // The number of lost samples comes before the next one that fits, of the same CPU.
    let mut here = CpuSet::new();
    here.set(kernel.online_cpus().unwrap()[0] as usize).unwrap();
    sched_setaffinity(Pid::from_raw(0), &here).unwrap();
    run(&loaded, 200);
    let (samples, lost) = (Cell::new(0), Cell::new(0));
    let mut consume = || {
        let _ = reader.consume(|event| {
            match event {
                PerfEvent::Sample { .. } => samples.set(samples.get() + 1),
                PerfEvent::Lost { n_samples, .. } => lost.set(lost.get() + n_samples),
            }
            GO_ON
        });
    };
    consume();
    run(&loaded, 20);
    consume();
    assert!(lost.get() > 0, "{} samples", samples.get());
    assert_eq!(samples.get() + lost.get(), 220);
}

#[test]
fn loops_wait_for_all_sources() {
    let Some(loaded) = ring(4096, 8) else { return };
    let seen = RefCell::new(Vec::new());
    let mut events = EventLoop::new();
    let reader = RingBuffer::new(loaded.map("ring").unwrap()).unwrap();
    events.ring(reader, |record| {
        seen.borrow_mut().push(first_word(record));
        match seen.borrow().len() {
            5 => ControlFlow::Break(()),
            _ => GO_ON,
        }
    });
    let stop = StopFlag::new();
    let start = Instant::now();
    let soon = start + Duration::from_millis(50);
    assert_eq!(events.run(Some(soon), &stop).unwrap(), Ended::Deadline);
    assert!(start.elapsed() >= Duration::from_millis(50));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(20));
            run(&loaded, 5);
        });
        let later = Instant::now() + Duration::from_secs(10);
        assert_eq!(events.run(Some(later), &stop).unwrap(), Ended::Broken);
    });
    assert_eq!(*seen.borrow(), [1, 2, 3, 4, 5]);
    stop.raise();
    assert_eq!(events.run(None, &stop).unwrap(), Ended::Stopped);
}

#[test]
fn signals_stop_loops() {
    let stop = StopFlag::on_signals().unwrap();
    assert!(!stop.is_raised());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(30));
            nix::sys::signal::raise(nix::sys::signal::Signal::SIGTERM).unwrap();
        });
        let later = Instant::now() + Duration::from_secs(10);
        let ended = EventLoop::new().run(Some(later), &stop).unwrap();
        assert_eq!(ended, Ended::Stopped);
    });
}

#[test]
fn printed_lines_arrive() {
    let Some(kernel) = kernel() else { return };
    let text = "*(u64 *)(r10 - 8) = 0
        r1 = 0x000a756c256b6f74 ll
        *(u64 *)(r10 - 16) = r1
        r1 = state ll
        r2 = r10
        r2 += -8
        call bpf_map_lookup_elem
        if r0 == 0 goto .Lout
        r3 = *(u64 *)(r0 + 0)
        r1 = r10
        r1 += -16
        r2 = 8
        call bpf_trace_printk
        .Lout:
        r0 = 0
        exit";
    let loaded = loaded(&program([array("state", 8, 1)], "xdp", text), &kernel);
    let token = u64::from(std::process::id()) << 20 | 0xbfc;
    let state = loaded.map("state").unwrap();
    state.update(&[0; 4], &token.to_ne_bytes(), UpdateFlag::Any).unwrap();
    let mut pipe = TracePipe::open().unwrap();
    let wanted = format!("tok{token}");
    let end = Instant::now() + Duration::from_secs(5);
    let mut is_found = false;
    // Others may read the pipe too, and take our line.
    while !is_found && Instant::now() < end {
        run(&loaded, 1);
        let _ = pipe.consume(|line| {
            is_found |= TraceLine::parse(line).is_some_and(|line| line.message == wanted);
            GO_ON
        });
    }
    assert!(is_found);
}
