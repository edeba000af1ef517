//! `tests/run-bcc`: programs in BCC's dialect, as `tests/run` has those in plain C. Calls of
//! `bpf_num_cpus()` give 2, and every program with a marker has the arguments of `marker`.

use crate::bcc::marker;
use crate::run::{kernel_is_new_enough, play};
use crate::support::{compile_good, options};
use bpfc::{Cpu, Dialect, Object, OptLevel, Options};
use bpfc_tester::{Machine, Real};
use bpfc_testkit::{Failure, Suite, Test};
use bpfc_vm::EngineChoice;

fn suite() -> Suite {
    Suite::in_workspace("tests/run-bcc").extensions(&["c"]).keys(&["since", "kernel"])
}

fn object(test: &Test, opt_level: OptLevel, cpu: Cpu) -> Result<Object, String> {
    let options = Options {
        dialect: Some(Dialect::Bcc),
        n_cpus: Some(2),
        usdt: vec![marker("marked")],
        ..options(opt_level, cpu)
    };
    compile_good(test, &options)
}

#[test]
fn in_the_virtual_machine() {
    let variants = [
        ("-O2", OptLevel::O2, Cpu::V3),
        ("-O2 --cpu v1", OptLevel::O2, Cpu::V1),
        ("-O0", OptLevel::O0, Cpu::V3),
    ];
    let report = suite().run(move |test| {
        for (variant, opt_level, cpu) in variants {
            let object = object(test, opt_level, cpu)?;
            let mut machine = Machine::new(&object, EngineChoice::Both)?;
            play(test, variant, &object, &mut machine);
        }
        Ok(())
    });
    report.finish();
}

#[test]
fn on_the_kernel() {
    let report = suite().run(|test| {
        kernel_is_new_enough(test)?;
        if let Some(reason) = test.setting("kernel") {
            return Err(Failure::Skipped(reason.to_owned()));
        }
        let object = object(test, OptLevel::O2, Cpu::V3)?;
        let mut kernel = Real::new(&object)?;
        play(test, "on the kernel", &object, &mut kernel);
        Ok(())
    });
    report.finish();
}
