//! Helpers that the machine does not have, and answers that a test gives.

use crate::common::{Builder, run, vm};
use bpfc_kabi::helper;
use bpfc_vm::{Input, RunError};

#[test]
fn a_mock_answers_in_turn() {
    let text = "
        r6 = r1
        call bpf_get_smp_processor_id
        r7 = r0
        call bpf_get_smp_processor_id
        r7 *= 10
        r7 += r0
        call bpf_get_smp_processor_id
        r7 *= 10
        r7 += r0
        r0 = r7
        exit";
    let object = Builder::new().func("prog", "xdp", text).build();
    let mut vm = vm(&object);
    let id = helper("bpf_get_smp_processor_id").unwrap().id;
    vm.mock_helper(id, &[4, 2]);
    assert_eq!(run(&mut vm, &object, &Input::default()).unwrap().ret, 422);
    assert_eq!(run(&mut vm, &object, &Input::default()).unwrap().ret, 222);
    assert_eq!(vm.n_mocked(id), 6);
    vm.mock_helper(id, &[]);
    assert_eq!(run(&mut vm, &object, &Input::default()).unwrap().ret, 0);
}

#[test]
fn what_is_missing_says_so_or_is_mocked() {
    let text = "r2 = 0\nr3 = 0\nr4 = 0\ncall bpf_sk_assign\nexit";
    let object = Builder::new().func("prog", "tc", text).build();
    let mut vm = vm(&object);
    let RunError::Fault(fault) = run(&mut vm, &object, &Input::default()).unwrap_err() else {
        panic!("the helper is not there");
    };
    let text = "the helper `bpf_sk_assign`, which no mock answers, is not supported in the virtual machine";
    assert_eq!(fault.kind.to_string(), text);
    vm.mock_helper(helper("bpf_sk_assign").unwrap().id, &[-101_i64 as u64]);
    assert_eq!(run(&mut vm, &object, &Input::default()).unwrap().ret as i64, -101);
}

#[test]
fn the_return_value_of_a_system_call() {
    let text = "r1 = -13\ncall bpf_set_retval\ncall bpf_get_retval\nexit";
    let object = Builder::new().func("prog", "cgroup/setsockopt", text).build();
    let ret = run(&mut vm(&object), &object, &Input::default()).unwrap().ret;
    assert_eq!(ret as i64, -13);
}
