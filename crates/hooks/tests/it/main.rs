//! Every hook on the kernel of this machine.

use bpfc_hooks::{Outcome, all, attempt};

#[test]
fn every_hook_sees_its_event() {
    if !nix::unistd::geteuid().is_root() {
        let is_required = std::env::var_os("BPFC_REQUIRE_KERNEL").is_some_and(|value| value == "1");
        assert!(!is_required, "BPFC_REQUIRE_KERNEL=1, but this is not root");
        return bpfc_testkit::skipped("attaching programs needs root");
    }
    let mut wrong = Vec::new();
    for hook in all() {
        match attempt(&hook) {
            Outcome::Seen => {}
            Outcome::Lacking(what) => bpfc_testkit::skipped(format!("{}: {what}", hook.name)),
            Outcome::Wrong(what) => wrong.push(format!("{}: {what}", hook.name)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
