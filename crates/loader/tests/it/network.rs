//! XDP, tc and socket filters on a veth pair, in a network namespace of the test's own thread.

use crate::attach::{COUNT, count};
use crate::support::{array, kernel, loaded, program, skip_without};
use bpfc_loader::{AttachSpec, Kernel, Link, LoadError, Loaded, attach};
use nix::sched::{CloneFlags, unshare};
use std::process::Command;

/// A frame of the ethertype for experiments, from and to nobody.
const FRAME: [u8; 64] = {
    let mut frame = [0; 64];
    frame[0] = 2;
    frame[6] = 2;
    frame[7] = 1;
    frame[12] = 0x88;
    frame[13] = 0xb5;
    frame
};

/// Counts experimental frames of at least 14 bytes; `verdict` is the result for all.
fn counter(section: &str, data: u32, data_end: u32, verdict: i32) -> Loaded {
    let text = format!(
        "r2 = *(u32 *)(r1 + {data})
        r3 = *(u32 *)(r1 + {data_end})
        r4 = r2
        r4 += 14
        if r4 > r3 goto .Lother
        r5 = *(u8 *)(r2 + 12)
        if r5 != 0x88 goto .Lother
        {COUNT_AND_RETURN}
        .Lother:
        r0 = {verdict}
        exit",
        COUNT_AND_RETURN = COUNT.replace("r0 = 0\n", &format!("r0 = {verdict}\n"))
    );
    let kernel = Kernel::new();
    loaded(&program([array("counts", 8, 1)], section, &text), &kernel)
}

fn xdp() -> Loaded {
    counter("xdp", 0, 4, 2)
}

fn tc() -> Loaded {
    counter("tc", 76, 80, 0)
}

/// Runs `test` in a new network namespace with the pair `near` and `far`, which goes away with
/// the thread.
fn with_veth(test: impl FnOnce(&Kernel) + Send) {
    let Some(kernel) = kernel() else { return };
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            if let Err(errno) = unshare(CloneFlags::CLONE_NEWNET) {
                skip_without(false, &format!("no network namespace can be made: {errno}"));
                return;
            }
            let ip = |arguments: &str| {
                let status = Command::new("ip").args(arguments.split(' ')).status();
                status.is_ok_and(|status| status.success())
            };
            let is_made = ip("link add near type veth peer name far")
                && ip("link set near up")
                && ip("link set far up");
            if !skip_without(is_made, "no veth pair can be made (`ip`)") {
                test(&kernel);
            }
        });
        thread.join().unwrap();
    });
}

/// A socket on `near` that lets everything through.
fn open(kernel: &Kernel) -> (Loaded, Link) {
    let loaded = loaded(&program([], "socket", "r0 = 0xffff\nexit"), kernel);
    let spec: AttachSpec = "socket:near".parse().unwrap();
    let link = attach(&loaded.programs[0], &spec, kernel).unwrap();
    (loaded, link)
}

/// Sends frames from `near` to `far`.
fn send(kernel: &Kernel, n: usize) {
    let (_loaded, link) = open(kernel);
    for _ in 0..n {
        nix::unistd::write(link.socket().unwrap(), &FRAME).unwrap();
    }
}

fn shown(arguments: &str) -> String {
    let output = Command::new("ip").args(arguments.split(' ')).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn attached(loaded: &Loaded, spec: &str, kernel: &Kernel) -> Result<Link, LoadError> {
    attach(&loaded.programs[0], &spec.parse().unwrap(), kernel)
}

#[test]
fn xdp_programs_see_frames() {
    with_veth(|kernel| {
        for (spec, mode) in
            [("xdp:far", "xdp"), ("xdp:far:native", "xdp"), ("xdp:far:generic", "xdpgeneric")]
        {
            let loaded = xdp();
            let link = attached(&loaded, spec, kernel).unwrap();
            assert!(shown("link show far").contains(&format!(" {mode} ")), "{spec}");
            send(kernel, 5);
            assert_eq!(count(&loaded), 5, "{spec}");
            drop(link);
            assert!(!shown("link show far").contains("xdp"), "{spec}");
            send(kernel, 1);
            assert_eq!(count(&loaded), 5, "{spec}");
        }
    });
}

#[test]
fn one_interface_takes_one_xdp_program() {
    with_veth(|kernel| {
        let (first, second) = (xdp(), xdp());
        let _link = attached(&first, "xdp:far", kernel).unwrap();
        let error = attached(&second, "xdp:far", kernel).unwrap_err();
        assert_eq!(error.code().name(), "E0905");
        let text = error.to_string();
        let there = format!("program {} (`", first.programs[0].id().unwrap());
        assert!(text.contains(&there) && text.contains("(native)"), "{text}");
    });
}

#[test]
fn tc_programs_see_frames_both_ways() {
    with_veth(|kernel| {
        let (ingress, egress) = (tc(), tc());
        let first = attached(&ingress, "tc:far:ingress", kernel).unwrap();
        let second = attached(&egress, "tc:near:egress", kernel).unwrap();
        send(kernel, 4);
        assert_eq!((count(&ingress), count(&egress)), (4, 4));
        first.detach().unwrap();
        second.detach().unwrap();
        send(kernel, 1);
        assert_eq!((count(&ingress), count(&egress)), (4, 4));
    });
}

#[test]
fn socket_filters_choose_packets() {
    with_veth(|kernel| {
        // Experimental frames are cut to 20 bytes, others are not let through.
        let text = "r6 = r1\nr0 = *(u16 *)skb[12]\nif r0 != 0x88b5 goto .Lno\nr0 = 20\nexit\n.Lno:\nr0 = 0\nexit";
        let loaded = loaded(&program([], "socket", text), kernel);
        let link = attached(&loaded, "socket:far", kernel).unwrap();
        send(kernel, 2);
        let mut buffer = [0; 100];
        for _ in 0..2 {
            let n = nix::unistd::read(link.socket().unwrap(), &mut buffer).unwrap();
            assert_eq!(buffer[..n], FRAME[..20]);
        }
        assert!(nix::unistd::read(link.socket().unwrap(), &mut buffer).is_err());
    });
}

#[test]
fn links_outlive_interfaces() {
    with_veth(|kernel| {
        let loaded = xdp();
        let link = attached(&loaded, "xdp:far", kernel).unwrap();
        assert!(Command::new("ip").args(["link", "del", "near"]).status().unwrap().success());
        drop(link);
    });
}
