//! Locked memory: before Linux 5.11 maps and programs count against `RLIMIT_MEMLOCK`, whose usual
//! 64 KiB are too few; since then they are charged to the memory cgroup. Open files: a program at
//! many places takes one for each.

use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, setrlimit};

/// Lifts the limit as far as the user may. False if it was lifted before or cannot be, which is
/// no failure where memory is not counted.
pub(crate) fn raise_locked_memory() -> bool {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_MEMLOCK) else {
        return false;
    };
    if soft == RLIM_INFINITY {
        return false;
    }
    let unlimited = setrlimit(Resource::RLIMIT_MEMLOCK, RLIM_INFINITY, RLIM_INFINITY);
    // Without `CAP_SYS_RESOURCE` the hard limit is the most.
    unlimited.is_ok() || soft < hard && setrlimit(Resource::RLIMIT_MEMLOCK, hard, hard).is_ok()
}

/// Lets this process open `n` files more than are usual, as far as it may.
pub(crate) fn raise_open_files(n: u64) {
    const USUAL: u64 = 512;
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return };
    let wanted = n.saturating_add(USUAL);
    if soft < wanted {
        // If it is refused, opening the files says so.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, wanted.min(hard), hard);
    }
}
