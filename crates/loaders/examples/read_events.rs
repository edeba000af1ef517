//! Reads records of 64 bytes out of a ring buffer as fast as they come, with the reader of bpfc or with libbpf's, and says how
//! many came: `read_events bpfc|libbpf paced|flood SECONDS`. `cargo xtask bench events` runs it.

#[cfg(not(feature = "libbpf-rs"))]
fn main() {
    println!("built without libbpf-rs");
}

#[cfg(feature = "libbpf-rs")]
fn main() {
    measure::main();
}

#[cfg(feature = "libbpf-rs")]
mod measure {
    use bpfc::loader::TestInput;
    use bpfc::{Loaded, Program};
    use libbpf_rs::{MapHandle, RingBufferBuilder};
    use std::cell::Cell;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    /// What a run of the program sends.
    const RECORDS: u64 = 100;
    /// In the mode that is paced: a million records in a second.
    const PAUSE: Duration = Duration::from_micros(RECORDS);

    const SOURCE: &str = r#"
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct record { __u64 number; __u64 rest[7]; };
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4 << 20); } records SEC(".maps");
__u64 sent, refused;
SEC("xdp") int send(struct xdp_md *ctx)
{
	for (int i = 0; i < 100; i++) {
		struct record *record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
		if (!record) {
			refused++;
			continue;
		}
		record->number = sent++;
		bpf_ringbuf_submit(record, 0);
	}
	return XDP_PASS;
}
char LICENSE[] SEC("license") = "GPL";
"#;

    /// What came.
    #[derive(Default)]
    struct Seen {
        n_records: Cell<u64>,
        sum: Cell<u64>,
    }

    impl Seen {
        fn take(&self, record: &[u8]) {
            let number =
                record.get(..8).and_then(|bytes| bytes.try_into().ok()).map(u64::from_ne_bytes);
            self.n_records.set(self.n_records.get() + 1);
            self.sum.set(self.sum.get().wrapping_add(number.unwrap_or(u64::MAX)));
        }
    }

    pub fn main() {
        let args: Vec<String> = std::env::args().skip(1).collect();
        let [reader, mode, seconds] = args.as_slice() else {
            return println!("usage: read_events bpfc|libbpf paced|flood SECONDS");
        };
        let time = Duration::from_secs_f64(seconds.parse().expect("a number of seconds"));
        let loaded = Program::compile(SOURCE).and_then(|it| it.check()?.load()).expect("it loads");
        let (seen, over) = (Seen::default(), AtomicBool::new(false));
        let start = Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                send(&loaded, mode == "paced", time);
                over.store(true, Ordering::Release);
            });
            match reader.as_str() {
                "bpfc" => read_with_bpfc(&loaded, &seen, &over),
                _ => read_with_libbpf(&loaded, &seen, &over),
            }
        });
        let elapsed = start.elapsed().as_secs_f64();
        let count = |name: &str| {
            let value = loaded.variable(name).expect("a variable").as_int();
            value.and_then(|value| u64::try_from(value).ok()).expect("a number")
        };
        let (sent, refused) = (count("sent"), count("refused"));
        // Every record that was sent came, once.
        assert_eq!(seen.n_records.get(), sent);
        assert_eq!(seen.sum.get(), (0..sent).fold(0, u64::wrapping_add));
        println!("{sent} {refused} {elapsed:.6} {:.6}", processor_seconds());
    }

    /// Runs the program again and again, in this thread.
    fn send(loaded: &Loaded, is_paced: bool, time: Duration) {
        let input = TestInput { data: &[0; 64], ..TestInput::default() };
        let start = Instant::now();
        let mut n_runs = 0;
        while start.elapsed() < time {
            if is_paced && start.elapsed() < PAUSE * n_runs {
                std::hint::spin_loop();
                continue;
            }
            loaded.test_run("send", &input).expect("it runs");
            n_runs += 1;
        }
    }

    fn read_with_bpfc(loaded: &Loaded, seen: &Seen, over: &AtomicBool) {
        let mut events = loaded.events("records").expect("a ring buffer");
        let mut is_last = false;
        while !is_last {
            is_last = over.load(Ordering::Acquire);
            let wait = Duration::from_millis(if is_last { 0 } else { 100 });
            events.read_within(wait, |event| seen.take(event.data())).expect("it can be read");
        }
    }

    fn read_with_libbpf(loaded: &Loaded, seen: &Seen, over: &AtomicBool) {
        let map = loaded.map("records").expect("a map");
        let map = MapHandle::from_map_id(map.raw().id()).expect("it can be opened");
        let mut builder = RingBufferBuilder::new();
        let take = |record: &[u8]| {
            seen.take(record);
            0
        };
        builder.add(&map, take).expect("a ring buffer");
        let ring = builder.build().expect("it can be mapped");
        let mut is_last = false;
        while !is_last {
            is_last = over.load(Ordering::Acquire);
            ring.poll(Duration::from_millis(if is_last { 0 } else { 100 }))
                .expect("it can be read");
        }
    }

    /// Of this thread, in user space and in the kernel.
    fn processor_seconds() -> f64 {
        let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_THREAD);
        let usage = usage.expect("it is known");
        let seconds =
            |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
        seconds(usage.user_time()) + seconds(usage.system_time())
    }
}
