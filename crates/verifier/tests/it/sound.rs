//! Accepted programs run: none traps, and every number is one of those that the verifier thought possible there.
//!
//! `BPFC_SOUND=n` tries more programs, `BPFC_SOUND_SEED=n` others.

use crate::assembly;
use crate::random::{self, Random};
use bpfc_base::Idx;
use bpfc_kabi::KernelVersion;
use bpfc_object::{FuncId, Linked, MapId, Object, link};
use bpfc_verifier::{Observed, Verdict, VerifyOptions, verify};
use bpfc_vm::{EngineChoice, Input, Options, Traced, Vm};

/// Runs of each program.
const N_RUNS: u32 = 4;

/// Runs `linked` once; what it executed, or how it failed.
fn run(object: &Object, linked: &Linked, random: &mut Random) -> Result<Vec<Traced>, String> {
    let options =
        Options { engine: EngineChoice::Reference, n_traced: 10_000, ..Options::default() };
    let mut vm = Vm::new(object, options).map_err(|error| error.to_string())?;
    let bytes = |random: &mut Random, n: usize| -> Vec<u8> {
        let zeros = random.below(3) == 0;
        (0..n).map(|_| if zeros { 0 } else { random.next() as u8 }).collect()
    };
    let value = bytes(random, 64);
    let _ = vm.map_update(MapId::new(0), &1_u32.to_le_bytes(), &value, 0);
    let mut context = vec![0; 24];
    context[12..20].copy_from_slice(&bytes(random, 8));
    let n_bytes = 14 + random.below(80) as usize;
    let input =
        Input { packet: Some(bytes(random, n_bytes)), context: Some(context), ..Input::default() };
    match vm.run_linked(linked, &input) {
        Ok(_) => Ok(vm.trace().to_vec()),
        Err(error) => Err(error.to_string()),
    }
}

/// The first step at which the numbers are none of those that were thought possible.
fn outside<'t>(steps: &'t [Traced], observed: &[Vec<&Observed>]) -> Option<&'t Traced> {
    steps.iter().find(|step| {
        let fits = |known: &&&Observed| {
            let mut numbers = known.numbers.iter().zip(&step.regs);
            known.depth == step.depth
                && numbers.all(|(number, value)| number.is_none_or(|n| n.contains(*value)))
        };
        observed[step.insn_idx as usize].iter().find(fits).is_none()
    })
}

#[test]
fn runs_stay_within_what_is_known() {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse().ok());
    let n_programs: u64 = number("BPFC_SOUND").unwrap_or(1500);
    let seed = number("BPFC_SOUND_SEED").unwrap_or(7);
    let (mut n_accepted, mut n_steps, mut wrong) = (0, 0, Vec::new());
    for n in 0..n_programs {
        let mut random = Random(seed * 1_000_003 + n);
        let text = random::program(&mut random);
        let maps = vec![assembly::map("table hash 4 64 16")];
        let assembled = assembly::object("sound.s", &text, "xdp", maps).unwrap();
        let linked = link(&assembled.object, FuncId::new(0)).unwrap();
        let says = |kernel, observes| {
            let options = VerifyOptions {
                kernel,
                observes,
                max_insns: Some(50_000),
                ..VerifyOptions::default()
            };
            verify(&assembled.object, &linked, &options, &assembled.session.sources)
        };
        let kernel = Some(KernelVersion::new(6, 18));
        if says(kernel, false).verdict != Verdict::Accepted {
            continue;
        }
        n_accepted += 1;
        let report = says(kernel, true);
        let mut observed = vec![Vec::new(); linked.insns.len()];
        for known in &report.observed {
            observed[known.insn_idx as usize].push(known);
        }
        for _ in 0..N_RUNS {
            match run(&assembled.object, &linked, &mut random) {
                Err(fault) => wrong.push(format!("program {n} traps: {fault}\n{text}")),
                Ok(steps) if report.verdict == Verdict::Accepted => {
                    n_steps += steps.len();
                    if let Some(step) = outside(&steps, &observed) {
                        wrong.push(format!("program {n}: {step:x?}\n{text}"));
                    }
                }
                Ok(_) => {}
            }
        }
    }
    eprintln!("{n_programs} programs, {n_accepted} accepted, {n_steps} steps");
    assert!(
        n_accepted > n_programs / 20,
        "only {n_accepted} of {n_programs} programs are accepted"
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
