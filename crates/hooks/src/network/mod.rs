//! Packets, sockets, control groups.

mod cgroups;
mod interfaces;
mod operations;
mod paths;
mod sockets;
mod world;

use crate::Hook;

/// All hooks of the network.
pub fn hooks() -> Vec<Hook> {
    [interfaces::HOOKS, cgroups::HOOKS, sockets::HOOKS, paths::HOOKS, operations::HOOKS].concat()
}
