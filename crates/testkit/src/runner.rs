//! Runs the tests of a suite on several threads. A panic is a failure of its test; a test
//! that runs too long is a failure too, and its thread is left behind.

use crate::report::{CaseReport, Outcome, Report};
use crate::snapshot;
use crate::suite::{Suite, marker};
use crate::test::{Failure, Test};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// As much as a program's main thread usually has, so that deep recursion fails here as
/// it would there.
const STACK_BYTES: usize = 8 << 20;

type Check = dyn Fn(&mut Test) -> Result<(), Failure> + Send + Sync;

/// What the workers share.
struct Shared {
    suite: Suite,
    files: Vec<PathBuf>,
    next: AtomicUsize,
    check: Box<Check>,
}

enum Event {
    Started(usize, Duration),
    Done(usize, Outcome),
}

pub(crate) fn run<F>(suite: &Suite, check: F) -> Report
where
    F: Fn(&mut Test) -> Result<(), Failure> + Send + Sync + 'static,
{
    let began = Instant::now();
    let (files, n_filtered) = match suite.files() {
        Ok(found) => found,
        Err(message) => return Report::broken(suite, message),
    };
    if files.is_empty() && n_filtered == 0 {
        return Report::broken(suite, format!("no test files in {}", suite.name));
    }
    let shared = Arc::new(Shared {
        suite: suite.clone(),
        files,
        next: AtomicUsize::new(0),
        check: Box::new(check),
    });
    let (sender, receiver) = channel();
    let n_cpus = std::thread::available_parallelism().map_or(1, usize::from);
    for _ in 0..n_cpus.min(shared.files.len()) {
        start_worker(&shared, &sender);
    }
    let outcomes = collect(&shared, &sender, &receiver);
    let cases = outcomes.into_iter().map(|(idx, (outcome, elapsed))| {
        let name = suite.display_name(&shared.files[idx]);
        CaseReport { name, outcome, elapsed }
    });
    Report {
        suite: suite.name.clone(),
        cases: cases.collect(),
        n_filtered,
        elapsed: began.elapsed(),
    }
}

fn start_worker(shared: &Arc<Shared>, sender: &Sender<Event>) {
    let (shared, sender) = (shared.clone(), sender.clone());
    let work = move || {
        loop {
            let idx = shared.next.fetch_add(1, Ordering::Relaxed);
            if idx >= shared.files.len() {
                break;
            }
            let outcome = run_file(&shared, idx, &sender);
            if sender.send(Event::Done(idx, outcome)).is_err() {
                break;
            }
        }
    };
    let builder = std::thread::Builder::new().stack_size(STACK_BYTES);
    builder.spawn(work).expect("the system has threads to give");
}

/// Waits for every test to end or to run out of time.
fn collect(
    shared: &Arc<Shared>,
    sender: &Sender<Event>,
    receiver: &Receiver<Event>,
) -> BTreeMap<usize, (Outcome, Duration)> {
    let mut running: BTreeMap<usize, (Instant, Duration)> = BTreeMap::new();
    let mut outcomes = BTreeMap::new();
    while outcomes.len() < shared.files.len() {
        match receiver.recv_timeout(Duration::from_millis(100)) {
            Ok(Event::Started(idx, limit)) => {
                running.insert(idx, (Instant::now(), limit));
            }
            Ok(Event::Done(idx, outcome)) => {
                let since = running.remove(&idx);
                let elapsed = since.map_or(Duration::ZERO, |(start, _)| start.elapsed());
                // The verdict on a test that ran out of time stands.
                outcomes.entry(idx).or_insert((outcome, elapsed));
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
        let late: Vec<(usize, Duration)> = running
            .iter()
            .filter(|(_, (start, limit))| start.elapsed() > *limit)
            .map(|(idx, (_, limit))| (*idx, *limit))
            .collect();
        for (idx, limit) in late {
            running.remove(&idx);
            let message = format!("still running after {} s", limit.as_secs_f32());
            outcomes.insert(idx, (Outcome::Failed(message), limit));
            start_worker(shared, sender);
        }
    }
    outcomes
}

fn run_file(shared: &Shared, idx: usize, sender: &Sender<Event>) -> Outcome {
    let start = |limit| sender.send(Event::Started(idx, limit)).is_ok();
    let file = match shared.suite.load(&shared.files[idx]) {
        Ok(file) => file,
        Err(message) => return Outcome::Failed(message),
    };
    let limit = match file.setting("timeout").map(str::parse) {
        Some(Ok(seconds)) => Duration::from_secs(seconds),
        Some(Err(_)) => return Outcome::Failed("`timeout` is not a number of seconds".into()),
        None => shared.suite.timeout,
    };
    if let Some(reason) = file.setting("skip") {
        return Outcome::Skipped(reason.to_owned());
    }
    let known_bug = file.setting("known-bug").map(str::to_owned);
    if known_bug.as_deref() == Some("") {
        return Outcome::Failed("`known-bug` needs a reason".into());
    }
    start(limit);
    let mut test = Test::new(file);
    let result = catch_unwind(AssertUnwindSafe(|| (shared.check)(&mut test)));
    let outcome = match result {
        Ok(Ok(())) => finish(test),
        Ok(Err(Failure::Failed(message))) => {
            test.failures.push(message);
            Outcome::Failed(test.failures.join("\n"))
        }
        Ok(Err(Failure::Skipped(reason))) => Outcome::Skipped(reason),
        Ok(Err(Failure::NeedsKernel(reason))) if requires_kernel() => {
            Outcome::Failed(format!("{reason} (BPFC_REQUIRE_KERNEL is set)"))
        }
        Ok(Err(Failure::NeedsKernel(reason))) => Outcome::Skipped(reason),
        Err(payload) => Outcome::Failed(panic_message(payload.as_ref())),
    };
    match (known_bug, outcome) {
        (Some(reason), Outcome::Failed(_)) => Outcome::KnownBug(reason),
        (Some(reason), Outcome::Passed) => {
            Outcome::Failed(format!("the known bug is gone ({reason}): remove the directive"))
        }
        (_, outcome) => outcome,
    }
}

/// The outcome of a test whose closure found nothing to stop for; blesses its snapshots.
fn finish(mut test: Test) -> Outcome {
    let unexamined = test.unexamined();
    test.failures.extend(unexamined);
    if !test.failures.is_empty() {
        return Outcome::Failed(test.failures.join("\n"));
    }
    let file = &test.file;
    if let Some(marker) = marker(&file.path).filter(|_| snapshot::is_blessing()) {
        let text = snapshot::bless(file, marker, &test.snapshots);
        if !test.snapshots.is_empty()
            && text != file.text
            && let Err(error) = std::fs::write(&file.path, text)
        {
            return Outcome::Failed(format!("cannot write {}: {error}", file.name));
        }
    }
    Outcome::Passed
}

fn requires_kernel() -> bool {
    std::env::var_os("BPFC_REQUIRE_KERNEL").is_some_and(|value| value == "1")
}

fn panic_message(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned());
    format!("panic: {}", text.as_deref().unwrap_or("(no message)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with one file per `(name, text)`; removed again when dropped.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str, files: &[(&str, &str)]) -> Self {
            let name = format!("bpfc-testkit-{}-{name}", std::process::id());
            let dir = std::env::temp_dir().join(name);
            std::fs::create_dir_all(dir.join("_aside")).unwrap();
            std::fs::write(dir.join("_aside/x.c"), "#error").unwrap();
            std::fs::write(dir.join("header.h"), "#error").unwrap();
            for (name, text) in files {
                std::fs::write(dir.join(name), text).unwrap();
            }
            Self(dir)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).unwrap();
        }
    }

    fn check(t: &mut Test) -> Result<(), Failure> {
        let name = t.path().file_stem().unwrap().to_str().unwrap().to_owned();
        match name.trim_start_matches("bug-") {
            "panics" => panic!("boom {}", 1),
            "hangs" => std::thread::sleep(Duration::from_secs(5)),
            "fails" => t.fail_at(1, "no"),
            "kernel" => return Err(Failure::NeedsKernel("no bpf()".into())),
            "stops" => Err("early".to_owned())?,
            "looks" => t.diagnostics(&[]),
            _ => {}
        }
        Ok(())
    }

    #[test]
    fn every_outcome() {
        let folder = Folder::new(
            "outcomes",
            &[
                ("panics.c", ""),
                ("hangs.c", ""),
                ("fails.c", ""),
                ("kernel.c", ""),
                ("stops.c", ""),
                ("looks.c", "x; //~ E0301\n"),
                ("passes.c", "int x;\n"),
                ("bug-fails.c", "//@ known-bug: later\n"),
                ("bug-passes.c", "//@ known-bug: later\n"),
                ("skip.c", "//@ skip: why\n"),
                ("unexamined.c", "x; //~ E0301\n//~ run\n//= s\n"),
                ("malformed.c", "\n//@ nosuch: x\n"),
            ],
        );
        let suite = Suite::new(&folder.0).filter(None).timeout(Duration::from_millis(500));
        let report = suite.run(check);
        let outcome = |name: &str| {
            let case = report.cases.iter().find(|case| case.name.ends_with(&format!("/{name}.c")));
            match &case.unwrap().outcome {
                Outcome::Passed => "passed".to_owned(),
                Outcome::KnownBug(reason) => format!("bug: {reason}"),
                Outcome::Skipped(reason) => format!("skipped: {reason}"),
                Outcome::Failed(message) => {
                    format!("failed: {}", message.replace(folder.0.to_str().unwrap(), ""))
                }
            }
        };
        assert_eq!(outcome("passes"), "passed");
        assert_eq!(outcome("panics"), "failed: panic: boom 1");
        assert_eq!(outcome("hangs"), "failed: still running after 0.5 s");
        assert_eq!(outcome("fails"), "failed: /fails.c:1: no");
        assert_eq!(outcome("stops"), "failed: early");
        if requires_kernel() {
            assert_eq!(outcome("kernel"), "failed: no bpf() (BPFC_REQUIRE_KERNEL is set)");
        } else {
            assert_eq!(outcome("kernel"), "skipped: no bpf()");
        }
        assert_eq!(outcome("looks"), "failed: missing: /looks.c:1: E0301:  (on line 1)");
        assert_eq!(outcome("bug-fails"), "bug: later");
        assert_eq!(
            outcome("bug-passes"),
            "failed: the known bug is gone (later): remove the directive"
        );
        assert_eq!(outcome("skip"), "skipped: why");
        assert_eq!(
            outcome("unexamined"),
            "failed: this suite does not examine diagnostics\n\
             this suite does not examine steps\nnothing produced snapshot `s`"
        );
        assert_eq!(outcome("malformed"), "failed: /malformed.c:2: unknown key `nosuch`");
        assert_eq!(report.cases.len(), 12);
        let last =
            format!("\n2 passed, {} failed, {} skipped\n", report.n_failed(), report.n_skipped());
        assert!(report.to_text().ends_with(&last), "{}", report.to_text());
        assert!(report.to_libtest_text().contains("\ntest result: FAILED. 2 passed; "));
    }

    #[test]
    fn filters_and_empty_folders() {
        let folder = Folder::new("filters", &[("one.c", ""), ("two.c", ""), ("x.s", "")]);
        let suite = Suite::new(&folder.0).extensions(&["c"]);
        let report = suite.clone().filter(Some("two".into())).run(check);
        assert_eq!((report.n_passed(), report.n_filtered), (1, 1));
        assert_eq!(suite.clone().filter(None).run(check).n_passed(), 2);
        assert_eq!(suite.extensions(&["bir"]).run(check).n_failed(), 1);
        assert_eq!(Suite::new(folder.0.join("nosuch")).run(check).n_failed(), 1);
    }
}
