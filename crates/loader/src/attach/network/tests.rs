//! What old kernels need instead of links, tried on this one: netlink for XDP and tc.

use super::super::Direction;
use super::super::link::Link;
use super::ifindex;
use super::tc::filter;
use super::xdp::{DRV_MODE, IF_NOEXIST};
use crate::Errno;
use crate::kernel::Kernel;
use crate::load::{LoadOptions, Loaded, load};
use crate::netlink::Netlink;
use bpfc_object::{Function, ObjInsn, Object};
use nix::sched::{CloneFlags, unshare};
use std::os::fd::{AsFd, AsRawFd};
use std::process::Command;

fn loaded(section: &str) -> Loaded {
    let assembly = bpfc_isa::assemble("r0 = 0\nexit", &()).unwrap();
    let mut object = Object::default();
    object.functions.push(Function {
        name: "prog".into(),
        section: section.into(),
        insns: assembly.insns.into_iter().map(ObjInsn::new).collect(),
        ..Function::default()
    });
    load(&object, &Kernel::new(), &LoadOptions::default()).unwrap()
}

fn shown(program: &str, arguments: &str) -> String {
    let output = Command::new(program).args(arguments.split(' ')).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Runs `test` in a network namespace of its own, which has `lo` only.
fn in_namespace(test: impl FnOnce() + Send) {
    let is_required = std::env::var_os("BPFC_REQUIRE_KERNEL").is_some_and(|value| value == "1");
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| match unshare(CloneFlags::CLONE_NEWNET) {
            Ok(()) => test(),
            Err(errno) if is_required => panic!("no network namespace: {errno}"),
            Err(errno) => println!("skipped: no network namespace can be made: {errno}"),
        });
        thread.join().unwrap();
    });
}

#[test]
fn filters_come_and_go() {
    in_namespace(|| {
        let loaded = loaded("tc");
        let lo = ifindex("lo").unwrap();
        let attach = |direction| {
            let held = filter(&loaded.programs[0], lo, direction, (0, 0)).unwrap();
            Link::new("prog", "tc:lo".into(), held)
        };
        let first = attach(Direction::Ingress);
        let second = attach(Direction::Ingress);
        let third = attach(Direction::Egress);
        let filters = shown("tc", "filter show dev lo ingress");
        assert_eq!(filters.matches("prog direct-action").count(), 2, "{filters}");
        first.detach().unwrap();
        let filters = shown("tc", "filter show dev lo ingress");
        assert_eq!(filters.matches("prog direct-action").count(), 1, "{filters}");
        drop(second);
        drop(third);
        let filters = shown("tc", "filter show dev lo egress");
        assert!(!filters.contains("prog"), "{filters}");
    });
}

#[test]
fn the_last_filter_takes_clsact_along() {
    in_namespace(|| {
        let loaded = loaded("tc");
        let lo = ifindex("lo").unwrap();
        let held = filter(&loaded.programs[0], lo, Direction::Egress, (0, 0)).unwrap();
        assert!(shown("tc", "qdisc show dev lo").contains("clsact"));
        drop(Link::new("prog", String::new(), held));
        assert!(!shown("tc", "qdisc show dev lo").contains("clsact"));
    });
}

#[test]
fn netlink_sets_xdp_and_says_why_not() {
    in_namespace(|| {
        let loaded = loaded("xdp");
        let fd = loaded.programs[0].as_fd().as_raw_fd();
        let lo = ifindex("lo").unwrap();
        let mut netlink = Netlink::open().unwrap();
        netlink.set_xdp(lo, Some(fd), IF_NOEXIST).unwrap();
        assert!(shown("ip", "link show lo").contains("xdpgeneric"));
        let refusal = netlink.set_xdp(lo, Some(fd), IF_NOEXIST).unwrap_err();
        assert_eq!(refusal.errno, Errno::EBUSY);
        netlink.set_xdp(lo, None, 0).unwrap();
        assert!(!shown("ip", "link show lo").contains("xdp"));
        let refusal = netlink.set_xdp(lo, Some(fd), DRV_MODE).unwrap_err();
        let words = refusal.words.unwrap();
        assert!(words.contains("native"), "{words}");
        let refusal = netlink.set_xdp(9999, Some(fd), 0).unwrap_err();
        assert_eq!(refusal.errno, Errno::ENODEV);
    });
}
